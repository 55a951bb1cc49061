import { createRequire, Module } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The SDK loads npm's own reader of package trees with itself, 400 modules with all they need, for one function that packs the code of
 * serverless callbacks, which no template has. Here it is loaded when somebody asks for it: a quarter of what a child's start costs.
 */
const require = createRequire(createRequire(import.meta.url).resolve('@pulumi/pulumi'));
const file = require.resolve('@npmcli/arborist');

const lazy = new Module(file);
lazy.filename = file;
lazy.loaded = true;
// Marked as what TypeScript compiled from a module: the SDK then takes it as it is, and doesn't copy what it holds.
Object.defineProperty(lazy.exports, '__esModule', { value: true });
Object.defineProperty(lazy.exports, 'Arborist', {
  enumerable: true,
  get: () => require(join(dirname(file), 'arborist/index.js')) as unknown,
});
require.cache[file] = lazy;
