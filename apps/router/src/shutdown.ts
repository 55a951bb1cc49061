import type { Logger } from '@lapidary/telemetry/logger';

/**
 * All phases of a stop together, behind the time in which it only says that it is not ready: the queue is taken, clients may send what is on its
 * way, what is in flight ends. Supervisors give half a minute (Kubernetes) or more.
 */
export const drainMs = 15_000;

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
