import { z } from 'zod';

/**
 * How the local driver asks for a process: a file `<processDir>/<name>.process.json`. The local supervisor (npm start)
 * compares files with processes all the time: starts what is new, restarts what changed or died (with back-off), stops
 * what is gone, and writes what it sees to `<name>.status.json`. Both are written to a temporary file and renamed.
 */
export const ProcessSpecSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]*$/)
    .max(80),
  /** Program below the root directory that is run with Node, for example apps/stamp-agent/dist/main.js */
  script: z.string(),
  args: z.array(z.string()),
  /** May hold secrets: the file has mode 0600. */
  env: z.record(z.string(), z.string()),
  /** Answers 200 once the process serves; asked until then. */
  readyUrl: z.url(),
});
export type ProcessSpec = z.infer<typeof ProcessSpecSchema>;

export const ProcessStatusSchema = z.object({
  name: z.string(),
  /** digestOf(spec) of what is running; the driver waits until it is the one it wrote. */
  digest: z.string(),
  state: z.enum(['starting', 'ready', 'backing-off']),
  pid: z.number().int().nullable(),
  restarts: z.number().int(),
  lastExit: z.string().nullable(),
  at: z.string(),
});
export type ProcessStatus = z.infer<typeof ProcessStatusSchema>;

export const processSpecFile = (name: string): string => `${name}.process.json`;
export const processStatusFile = (name: string): string => `${name}.status.json`;
