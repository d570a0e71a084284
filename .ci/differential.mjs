#!/usr/bin/env node
// Compares the catalog that backstage2port rebuilds with what the real Backstage packages make of the same folder,
// entity by entity and relation by relation, in both modes.
//
//     .ci/oracle && cargo build && node .ci/differential.mjs FOLDER...
//
// Exits with 1 when anything differs that is not a named deviation.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

const project = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const target = process.env.CARGO_TARGET_DIR ?? path.join(project, 'target');
const binary = process.env.BACKSTAGE2PORT ?? path.join(target, 'debug', 'backstage2port');
const oracle = await import(pathToFileURL(path.join(target, 'oracle', 'backstage', 'catalog.mjs')));
const { DirTree } = await import(pathToFileURL(path.join(target, 'oracle', 'backstage', 'tree.mjs')));
process.removeAllListeners('warning');
process.on('warning', () => {});

// The files that are descriptors by default; those in hidden folders are roots of their own, for patterns of the
// oracle do not match hidden names.
const NAMES = /(^|\/)(catalog-info\.(yaml|yml|json)|[^/]*\.catalog-info\.(yaml|yml))$|(^|\/)\.backstage\/[^/]*\.yaml$/;
const HIDDEN = /(^|\/)\.(?!backstage\/)[^/]*\//;

// What the catalog adds to annotations and backstage2port does not.
const ADDED = ['managed-by-location', 'managed-by-origin-location', 'view-url', 'edit-url', 'source-location'];

function withoutAdded(entity, own) {
  const { annotations, ...metadata } = entity.metadata;
  const kept = Object.entries(annotations ?? {}).filter(
    ([key]) => !ADDED.some(name => key === `backstage.io/${name}`) || Object.hasOwn(own ?? {}, key),
  );
  return { ...entity, metadata: kept.length ? { ...metadata, annotations: Object.fromEntries(kept) } : metadata };
}

function run(args) {
  const ran = spawnSync(binary, args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (ran.error || ran.status === 2 || ran.status === null) {
    throw new Error(`${binary} ${args.join(' ')}: ${ran.error ?? ran.stderr}`);
  }
  return ran.stdout.split('\n').filter(Boolean).map(line => JSON.parse(line));
}

const refOf = ({ kind, metadata }) =>
  [kind, ':', metadata.namespace, '/', metadata.name].map(part => part.toLocaleLowerCase('en-US')).join('');

// Why an entity stands on one side only, where that is on purpose.
const CORE = ['Component', 'API', 'Resource', 'System', 'Domain', 'Group', 'User', 'Location'];
const TEMPLATE = /\{\{|\{%/;
function deviation(entity, isOurs, strict) {
  const known = CORE.includes(entity.kind)
    ? /^backstage\.io\/v1(alpha1|beta1)$/.test(entity.apiVersion)
    : entity.kind === 'Template' && entity.apiVersion === 'scaffolder.backstage.io/v1beta3';
  if (isOurs && entity.kind === 'AiResource') return 'superset';
  if (isOurs && entity.spec?.type === 'mcp-server') return 'superset';
  if (isOurs && !known && !strict) return 'custom-kind';
  const { name, namespace } = entity.metadata;
  const identity = [entity.apiVersion, entity.kind, name, namespace, entity.spec?.owner, entity.spec?.type];
  if (!isOurs && identity.some(text => TEMPLATE.test(text))) return 'skeleton';
  return undefined;
}

async function compare(folder, strict) {
  const tree = new DirTree(folder);
  const roots = tree.list().filter(file => NAMES.test(file) && !HIDDEN.test(file));
  const answer = await oracle.processCatalog({ tree, roots, isolate: !strict, openapi: true });
  const theirs = new Map(answer.entities.map(found => [found.entityRef, found]));
  const args = ['catalog', folder, '--quiet', '--allow-empty', ...(strict ? ['--strict'] : [])];
  const ours = new Map(run(args).map(entity => [refOf(entity), entity]));
  const result = { folder, theirs: theirs.size, ours: ours.size, relations: 0, deviations: {}, differences: [] };
  const alone = (ref, entity, isOurs) => {
    const name = deviation(entity, isOurs, strict);
    if (name) result.deviations[name] = (result.deviations[name] ?? 0) + 1;
    else result.differences.push(`${ref} is only in ${isOurs ? 'ours' : 'theirs'}`);
    return name;
  };
  const extra = new Set();
  for (const [ref, entity] of ours) if (!theirs.has(ref) && alone(ref, entity, true)) extra.add(ref);
  for (const [ref, { entity }] of theirs) if (!ours.has(ref) && alone(ref, entity, false)) extra.add(ref);
  for (const [ref, found] of theirs) {
    if (!ours.has(ref)) continue;
    const { relations, source, ...entity } = ours.get(ref);
    const own = entity.metadata.annotations;
    if (!isDeepStrictEqual(withoutAdded(entity, own), withoutAdded(JSON.parse(JSON.stringify(found.entity)), own))) {
      result.differences.push(`${ref} differs:\n  ours   ${JSON.stringify(entity)}\n  theirs ${JSON.stringify(found.entity)}`);
    }
    // An entity that only one side has gives relations that only one side has.
    const both = list => list.filter(relation => !extra.has(relation.targetRef));
    result.relations += found.relations.length;
    if (!isDeepStrictEqual(both(relations), both(found.relations))) {
      result.differences.push(`${ref} has other relations:\n  ours   ${JSON.stringify(relations)}\n  theirs ${JSON.stringify(found.relations)}`);
    }
  }
  return result;
}

const folders = process.argv.slice(2);
if (!folders.length) {
  console.error('usage: node .ci/differential.mjs FOLDER...');
  process.exit(2);
}
let failed = 0;
for (const strict of [false, true]) {
  console.log(`\n${strict ? 'strict' : 'tolerant'} mode\n  theirs    ours relations differences  deviations, folder`);
  const total = { theirs: 0, ours: 0, relations: 0, differences: 0 };
  for (const folder of folders) {
    const result = await compare(fs.realpathSync(folder), strict);
    const numbers = { ...result, differences: result.differences.length };
    for (const key of Object.keys(total)) total[key] += numbers[key];
    const deviations = Object.entries(result.deviations).map(([name, count]) => `${count} ${name}`);
    row(numbers, `${deviations.join(', ') || '-'}  ${path.basename(folder)}`);
    for (const difference of result.differences) console.log(`    ${difference}`);
  }
  row(total, 'in all');
  failed += total.differences;
}
process.exit(failed ? 1 : 0);

function row({ theirs, ours, relations, differences }, text) {
  const cells = [theirs, ours, relations].map(cell => String(cell).padStart(8));
  console.log(`${cells.join('')} ${String(differences).padStart(12)}  ${text}`);
}
