import type { CommandContext, Verb } from './command-context.js';
import { engineError } from './engine-error.js';
import { changeStack, loadStack } from './stack-verbs.js';
import type { ConfigValue } from './state-model.js';

/** A key without a name space belongs to the project. */
const qualified = (c: CommandContext, key: string): string => (key.includes(':') ? key : `${c.project}:${key}`);

const shown = (entry: ConfigValue): ConfigValue => (entry.secret ? { ...entry, value: '[secret]' } : entry);

const getAll: Verb = async (c) => {
  const { config } = await loadStack(c);
  const open = c.cli.flags.has('show-secrets');
  return JSON.stringify(Object.fromEntries(Object.entries(config).map(([key, entry]) => [key, open ? entry : shown(entry)])));
};

const get: Verb = async (c) => {
  const key = qualified(c, c.cli.words[2] ?? '');
  const entry = (await loadStack(c)).config[key];
  if (entry === undefined) throw engineError('unsupported', `configuration key '${key}' not found for stack '${c.stack}'`);
  return JSON.stringify(entry);
};

const set: Verb = async (c) => {
  const [, , key = '', value = ''] = c.cli.words;
  await changeStack(c, (state) => ({
    ...state,
    config: { ...state.config, [qualified(c, key)]: { value, secret: c.cli.flags.has('secret') } },
  }));
  return '';
};

const setAll: Verb = async (c) => {
  const entries = c.cli.assignments.map(({ key, value, secret }) => [qualified(c, key), { value, secret }] as const);
  await changeStack(c, (state) => ({ ...state, config: { ...state.config, ...Object.fromEntries(entries) } }));
  return '';
};

const remove: Verb = async (c) => {
  const gone = c.cli.words.slice(2).map((key) => qualified(c, key));
  await changeStack(c, (state) => ({
    ...state,
    config: Object.fromEntries(Object.entries(state.config).filter(([key]) => !gone.includes(key))),
  }));
  return '';
};

export const configVerbs: Readonly<Record<string, Verb>> = {
  config: getAll,
  'config get': get,
  'config set': set,
  'config set-all': setAll,
  'config rm': remove,
  'config rm-all': remove,
};
