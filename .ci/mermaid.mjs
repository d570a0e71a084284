#!/usr/bin/env node
// Reads Mermaid flowcharts with the real mermaid package, as GitHub and GitLab do before they draw.
//
//     .ci/oracle && node .ci/mermaid.mjs FILE...
//     .ci/oracle && node .ci/mermaid.mjs < DIAGRAMS
//
// Without files, standard input is a JSON list of diagrams. Prints a line of JSON for each: the labels of its nodes and
// arrows as people see them, and what else it has. Exits with 1 at the first that is no flowchart.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const project = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const target = process.env.CARGO_TARGET_DIR ?? path.join(project, 'target');
const packages = path.resolve(target, 'oracle', 'mermaid', 'package.json');
const { JSDOM } = createRequire(packages)('jsdom');

// Mermaid cleans labels with the document of a browser.
const { window } = new JSDOM('');
Object.assign(globalThis, { window, document: window.document });
const entry = path.join(path.dirname(packages), 'node_modules', 'mermaid', 'dist', 'mermaid.core.mjs');
const { default: mermaid } = await import(pathToFileURL(entry));
mermaid.initialize({ startOnLoad: false, securityLevel: 'strict' });

// Before it reads, mermaid spells `#35;` as `ﬂ°°35¶ß`; before it draws, as `&#35;`, which the browser reads.
const seen = text => {
  const html = text.replace(/ﬂ°°/g, '&#').replace(/ﬂ°/g, '&').replace(/¶ß/g, ';');
  const element = document.createElement('span');
  element.innerHTML = html;
  return { text: element.textContent, elements: element.querySelectorAll('*').length };
};

const files = process.argv.slice(2);
const diagrams = files.length
  ? files.map(file => [file, fs.readFileSync(file, 'utf8')])
  : JSON.parse(fs.readFileSync(0, 'utf8')).map((text, index) => [`diagram ${index}`, text]);
for (const [name, text] of diagrams) {
  try {
    const { diagramType, config } = await mermaid.parse(text);
    if (!diagramType.startsWith('flowchart')) throw new Error(`a diagram of type ${diagramType}`);
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    const nodes = [...db.getVertices().values()];
    const arrows = db.getEdges();
    const labels = [...nodes, ...arrows].map(({ text }) => seen(text));
    console.log(
      JSON.stringify({
        nodes: nodes.map(({ text }) => seen(text).text),
        arrows: arrows.map(({ text }) => seen(text).text),
        elements: labels.reduce((sum, { elements }) => sum + elements, 0),
        links: nodes.filter(({ link, haveCallback }) => link || haveCallback).length,
        groups: db.getSubGraphs().length,
        classes: db.getClasses().size,
        config,
      }),
    );
  } catch (error) {
    console.error(`${name}: ${error.message}\n${text}`);
    process.exit(1);
  }
}
