#!/usr/bin/env node
// Plain JavaScript: a Node that is too old cannot read the rest, but it can say so.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `Node ${process.versions.node} is too old: run this with npm (npm start), which brings its own, or with Node 22.18 or later.\n`,
  );
  process.exit(1);
}
const { main } = await import('./main.ts');
await main(process.argv);
