/**
 * Brings a checkout into a state in which everything runs: packages installed, sources compiled, console built. Plain
 * JavaScript that runs on Node 20 without any package, since it runs before there are any. Prints a line per thing it does;
 * a second run prints nothing and takes a fraction of a second.
 */
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Node 20.19 or newer is needed to begin with (this is ${process.version}); the rest is installed from npm.\n`);
  process.exit(1);
}

const { default: path } = await import('node:path');
const { ensureAll } = await import('./ensure/state.mjs');

try {
  await ensureAll({ root: path.dirname(import.meta.dirname), report: (line) => process.stdout.write(`${line}\n`) });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
