import 'reflect-metadata';
import { ControlPlaneConfigSchema } from '@lapidary/config/control-plane';
import { endWithError } from '@lapidary/config/end-with-error';
import { loadConfig } from '@lapidary/config/load';
import { runProcess } from './process/run-process.js';

try {
  const running = await runProcess(loadConfig(ControlPlaneConfigSchema));
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) return;
    isStopping = true;
    running.logger.info({ signal }, 'stopping');
    running.stop().then(() => process.exit(0), endWithError);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  await running.started.catch((error: unknown) => {
    if (!isStopping) endWithError(error);
  });
} catch (error) {
  endWithError(error);
}
