import * as pulumi from '@pulumi/pulumi';
import type * as resourceTypes from '@pulumi/pulumi/proto/resource_pb.js';
import runtimeConfig from '@pulumi/pulumi/runtime/config.js';
import settings from '@pulumi/pulumi/runtime/settings.js';
import state from '@pulumi/pulumi/runtime/state.js';
import type { ConfigValue } from './state-model.js';

type Reply = (error: unknown, response?: unknown) => void;
/** Methods of the ResourceMonitor service, as plain functions. */
export type MonitorMethods = Readonly<Record<string, (request: never) => unknown>>;

export interface InProcessProgram<Result> {
  readonly project: string;
  readonly stack: string;
  readonly config: Readonly<Record<string, ConfigValue>>;
  readonly monitor: MonitorMethods;
  readonly program: () => Promise<Result>;
}

// @internal in the SDK, so not in its types. Pinned with it; engine-contract.spec.ts fails when they change.
const { withLocalStorage, getStore } = state as unknown as {
  withLocalStorage<T>(work: () => Promise<T>): Promise<T>;
  getStore(): { settings: { monitor: unknown } };
};
const resetOptions = (settings as unknown as { resetOptions(...options: unknown[]): void }).resetOptions;
const setAllConfig = (runtimeConfig as unknown as { setAllConfig(values: Record<string, string>, secretKeys: readonly string[]): void })
  .setAllConfig;

/** As many at once as the CLI's own default on this scale; in one process it only bounds memory. */
const parallel = 16;

/**
 * Runs a program as a preview against a monitor in this process: no sockets, no working directory, no files. The SDK keeps what
 * belongs to one run in an AsyncLocalStorage, so runs beside each other don't meet. Resolves when all registrations are through.
 */
export const runInProcess = <Result>({ project, stack, config, monitor, program }: InProcessProgram<Result>): Promise<Result> =>
  withLocalStorage(async () => {
    const result = Promise.withResolvers<Result>();
    resetOptions(project, stack, parallel, '', 'in-process', true, 'organization');
    getStore().settings.monitor = callbackStyle(monitor);
    const entries = Object.entries(config);
    setAllConfig(
      Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
      entries.flatMap(([key, { secret }]) => (secret ? [key] : [])),
    );
    await pulumi.runtime.runInPulumiStack(async () => {
      const made = await program();
      result.resolve(made);
      return made as pulumi.Inputs;
    });
    // Outputs resolve before the last registrations have returned (lab: "undefined outputs"); this waits for them.
    await pulumi.runtime.disconnect();
    return result.promise;
  });

/** The SDK speaks to a gRPC client; a plain object with the same methods does. */
const callbackStyle = (monitor: MonitorMethods): Record<string, unknown> => ({
  ...Object.fromEntries(
    Object.entries(monitor).map(([name, handle]) => [
      name,
      (request: resourceTypes.RegisterResourceRequest, reply: Reply): void => {
        void Promise.resolve()
          .then(() => (handle as (request: unknown) => unknown)(request))
          .then(
            (response) => reply(null, response),
            (error: unknown) => reply(error),
          );
      },
    ]),
  ),
  close: () => undefined,
});
