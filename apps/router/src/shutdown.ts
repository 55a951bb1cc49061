import type { Logger } from '@lapidary/telemetry/logger';

/** What is in flight gets this long; supervisors kill after some 15 s or more. */
export const drainMs = 10_000;

/** Stops once, at the first SIGTERM or SIGINT; a second signal ends the process at once, behind `kill`. */
export const stopOnSignal = (stop: (graceMs: number) => Promise<void>, logger: Logger, kill: () => void = () => undefined): void => {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) {
      kill();
      process.exit(1);
    }
    stopping = true;
    logger.info({ signal }, 'stopping');
    stop(drainMs).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'could not stop in order');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
};
