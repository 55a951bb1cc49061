import 'reflect-metadata';
import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import { loadConfig } from '@lapidary/config/load';
import { isAppError } from '@lapidary/kernel/app-error';
import { createLogger } from '@lapidary/telemetry/logger';
import { runProcess } from './process/run-process.js';

/** A person has to change something before a restart helps; supervisors back off on it (EX_CONFIG of sysexits.h). */
const exitConfigInvalid = 78;

const fail = (error: unknown): never => {
  const isConfig = isAppError(error) && error.code === 'config_invalid';
  createLogger('control-plane', 'info').fatal({ err: error }, isConfig ? error.message : 'could not start');
  process.exit(isConfig ? exitConfigInvalid : 1);
};

try {
  const running = await runProcess(loadConfig(ControlPlaneConfigSchema));
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) return;
    isStopping = true;
    running.logger.info({ signal }, 'stopping');
    running.stop().then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await running.started.catch((error: unknown) => {
    if (!isStopping) fail(error);
  });
} catch (error) {
  fail(error);
}
