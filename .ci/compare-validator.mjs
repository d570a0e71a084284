#!/usr/bin/env node
// Holds `backstage2port validate` beside the entity validator that runs on Node, on the conformance tables and on folders
// of descriptors, and prints the tables of docs/comparison.md.
//
//     git clone https://github.com/RoadieHQ/backstage-entity-validator target/validator
//     .ci/oracle && cargo build --release && node .ci/compare-validator.mjs target/validator ../shared/corpus/*/
//
// The judge of what Backstage takes is the real Backstage packages: by their recorded answers in the tables, and run over
// the folders. The validator stops at the first fault of a file, so it is asked about each file on its own.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const project = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const target = process.env.CARGO_TARGET_DIR ?? path.join(project, 'target');
const binary = process.env.BACKSTAGE2PORT ?? path.join(target, 'release', 'backstage2port');
const [validatorFolder, ...folders] = process.argv.slice(2);
if (!validatorFolder) throw new Error('usage: compare-validator.mjs VALIDATOR FOLDER...');
const { validate } = createRequire(import.meta.url)(path.resolve(validatorFolder, 'dist/index.js'));
const oracle = await import(pathToFileURL(path.join(target, 'oracle', 'backstage', 'catalog.mjs')));
const { DirTree } = await import(pathToFileURL(path.join(target, 'oracle', 'backstage', 'tree.mjs')));
process.removeAllListeners('warning');
process.on('warning', () => {});

// What the validator says of a file: null, or its fault.
async function asked(file) {
  const { log, error } = console;
  const said = [];
  console.log = () => {};
  console.error = text => said.push(text);
  try {
    const code = await validate([file], { github: false, verbose: false });
    return code === 0 ? null : said.join('\n').replace(/^Failed to validate .*?: /, '');
  } finally {
    console.log = log;
    console.error = error;
  }
}

function ours(folder, ...more) {
  const ran = spawnSync(binary, ['validate', '--format', 'json', '--allow-empty', ...more, folder], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
  });
  if (ran.error || ran.status === 2 || ran.status === null) throw new Error(`${folder}: ${ran.error ?? ran.stderr}`);
  return JSON.parse(ran.stdout).findings;
}

const isError = ({ severity }) => severity === 'error';

// The files of a case, or null where it is no file.
function filesOf(group, input) {
  switch (group) {
    case 'envelope':
    case 'kinds':
      return { 'catalog-info.yaml': `${JSON.stringify(input.entity)}\n` };
    case 'relations':
      return { 'catalog-info.yaml': input.documents.map(document => `---\n${JSON.stringify(document)}\n`).join('') };
    case 'trees':
      return Object.keys(input).length === 1 && input.files['catalog-info.yaml'] ? input.files : null;
    default:
      return null;
  }
}

async function conformance() {
  console.log('| Table | Cases | `backstage2port` agrees | takes what is wrong | refuses what is right | the validator agrees | takes what is wrong | refuses what is right |');
  console.log('|---|---:|---:|---:|---:|---:|---:|---:|');
  for (const group of ['envelope', 'kinds', 'relations', 'trees']) {
    const { cases } = JSON.parse(fs.readFileSync(path.join(project, 'fixtures/conformance', `${group}.json`), 'utf8'));
    const counts = { cases: 0, ours: [0, 0, 0], theirs: [0, 0, 0] };
    for (const { name, input, expect } of cases) {
      const files = filesOf(group, input);
      if (!files) continue;
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'case-'));
      for (const [file, text] of Object.entries(files)) {
        const written = path.join(folder, file);
        fs.mkdirSync(path.dirname(written), { recursive: true });
        fs.writeFileSync(written, text);
      }
      const isRight = expect.valid;
      const count = (into, isTaken) => (into[isTaken === isRight ? 0 : isTaken ? 1 : 2] += 1);
      counts.cases += 1;
      const ourErrors = ours(folder, '--strict').filter(isError);
      count(counts.ours, ourErrors.length === 0);
      const theirFault = await asked(path.join(folder, 'catalog-info.yaml'));
      count(counts.theirs, theirFault === null);
      if (process.env.VERBOSE && (ourErrors.length === 0) !== isRight) console.error(`${group}: ${name}`, ourErrors[0]?.message);
      fs.rmSync(folder, { recursive: true });
    }
    console.log(`| ${[group, counts.cases, ...counts.ours, ...counts.theirs].join(' | ')} |`);
  }
}

const NAMES = /(^|\/)(catalog-info\.(yaml|yml|json)|[^/]*\.catalog-info\.(yaml|yml))$|(^|\/)\.backstage\/[^/]*\.yaml$/;
const HIDDEN = /(^|\/)\.(?!backstage\/)[^/]*\//;

async function corpus() {
  const files = { all: 0, wrong: 0, ours: 0, theirs: 0, falsely: 0, alone: 0 };
  const byCode = new Map();
  const falsely = new Map();
  let theirTime = 0;
  let ourTime = 0;
  for (const folder of folders) {
    const found = [];
    for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const file = path.relative(folder, path.join(entry.parentPath ?? entry.path, entry.name));
      if (entry.isFile() && NAMES.test(file) && !HIDDEN.test(file)) found.push(file);
    }
    found.sort();
    if (found.length === 0) continue;
    const started = performance.now();
    const findings = ours(folder);
    ourTime += performance.now() - started;
    const tree = new DirTree(fs.realpathSync(folder));
    const judged = await oracle.processCatalog({ tree, roots: found, isolate: true, openapi: true });
    const broken = new Set(judged.findings.filter(isError).map(({ file }) => file));
    for (const file of found) {
      const own = findings.filter(one => path.relative(folder, one.path ?? '') === file);
      const asking = performance.now();
      const fault = await asked(path.join(folder, file));
      theirTime += performance.now() - asking;
      files.all += 1;
      files.wrong += broken.has(file);
      files.ours += own.some(isError);
      files.theirs += fault !== null;
      if (fault !== null && !broken.has(file)) {
        const sort = fault.replace(/^(\w*Error: )+/, '').split('\n')[0].replace(/"[^"]*"|'[^']*'/g, '…').slice(0, 90);
        falsely.set(sort, [...(falsely.get(sort) ?? []), path.join(folder, file)]);
      }
      files.falsely += fault !== null && !broken.has(file);
      files.alone += fault === null && own.some(({ severity }) => severity !== 'note');
      for (const { code, severity } of own) {
        const row = byCode.get(code) ?? { severity, findings: 0, files: new Set(), missed: new Set() };
        row.findings += 1;
        row.files.add(path.join(folder, file));
        if (fault === null) row.missed.add(path.join(folder, file));
        byCode.set(code, row);
      }
    }
  }
  console.log(`\n${JSON.stringify(files)}, ours ${ourTime.toFixed(0)} ms, theirs ${theirTime.toFixed(0)} ms`);
  console.log('\n| Code | Severity | Findings | Files | Files that the validator passes |\n|---|---|---:|---:|---:|');
  for (const [code, row] of [...byCode].sort((a, b) => b[1].findings - a[1].findings)) {
    console.log(`| \`${code}\` | ${row.severity} | ${row.findings} | ${row.files.size} | ${row.missed.size} |`);
  }
  console.log('\nWhat the validator alone refuses:');
  for (const [sort, all] of falsely) console.log(`- ${all.length} × ${sort}, as ${all[0]}`);
}

await conformance();
await corpus();
