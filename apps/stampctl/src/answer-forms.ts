import type { CommandSpec, OptionSpec } from './command-spec.js';
import { formats } from './output/output.js';

/** Whether it is the option that chooses the form of an answer. */
export const isOutput = ({ flags }: OptionSpec): boolean => flags.startsWith('-o,');

/** Forms that a command's answer has. */
export const formatsOf = ({ formats: own }: CommandSpec): readonly string[] => own ?? formats;
