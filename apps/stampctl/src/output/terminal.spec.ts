import { PassThrough } from 'node:stream';
import { columnsOf, isInteractive, type Terminal } from './terminal.js';

const stream = (columns?: number) => ({ write: () => true, isTTY: true, ...(columns === undefined ? {} : { columns }) });
const terminal: Terminal = {
  ...{ stdout: stream(), stderr: stream(), stdin: new PassThrough(), env: {}, cwd: '/', interrupted: new AbortController().signal },
};

test('a terminal that says it has no columns gets lines of 80, and nothing that is redrawn', () => {
  expect([columnsOf(stream(0)), isInteractive(terminal, stream(0))]).toEqual([80, false]);
  expect([columnsOf(stream()), isInteractive(terminal, stream())]).toEqual([80, true]);
  expect([columnsOf(stream(100)), isInteractive(terminal, stream(100))]).toEqual([100, true]);
  expect([columnsOf(stream(20)), columnsOf(stream(400))]).toEqual([40, 160]);
});
