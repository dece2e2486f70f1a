// Preloaded by `npm start`. JavaScript, because a Node that cannot read TypeScript must run it.
if (!process.features.typescript) {
  process.stderr.write(
    `Node ${process.versions.node} cannot run TypeScript files. Run \`npm ci\` without --ignore-scripts: it installs the Node that this product needs. Then run \`npm start\` again.\n`,
  );
  process.exit(1);
}
