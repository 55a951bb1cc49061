import * as grpc from '@grpc/grpc-js';
import type { RunRequest } from '@pulumi/pulumi/proto/language_pb.js';
import type { Deployment } from './deployment.js';
import { engineError } from './engine-error.js';
import { serveEngine } from './engine-service.js';
import { channelOptions } from './grpc-server.js';
import { protos } from './protos.js';
import { serveResourceMonitor } from './resource-monitor.js';

export interface ProgramRun {
  readonly project: string;
  readonly stack: string;
  /** Where the SDK serves the inline program. */
  readonly client: string;
  readonly parallel: number;
}

/**
 * Runs the program to its end, or until the deployment stops: then the answer is not awaited, since a program whose engine
 * went away never gives one. What is under way at the providers is always awaited and saved.
 */
export const runProgram = async (d: Deployment, run: ProgramRun): Promise<void> => {
  const monitor = await serveResourceMonitor(d, run.project);
  const engine = await serveEngine(d);
  const client = new protos.languageGrpc.LanguageRuntimeClient(run.client, grpc.credentials.createInsecure(), channelOptions);
  try {
    const ended = new Promise<string>((resolve) => {
      client.run(requestOf(d, run, monitor.address, engine.address), (error, response) =>
        resolve(error ? error.details || error.message : response.getError()),
      );
    });
    const problem = await Promise.race([ended, d.halted.then(() => '')]);
    if (problem !== '' && d.failure === undefined)
      d.stop(engineError('program_failed', `the template failed: ${d.parts.scrubber.scrub(problem)}`));
    await d.settle();
  } finally {
    client.close();
    monitor.stop();
    engine.stop();
  }
  d.throwIfStopped();
};

const requestOf = (d: Deployment, run: ProgramRun, monitorAddress: string, engineAddress: string): RunRequest => {
  const request = new protos.language.RunRequest();
  request.setProject(run.project);
  request.setStack(run.stack);
  request.setOrganization('organization');
  request.setParallel(run.parallel);
  request.setDryrun(d.parts.dryRun);
  request.setMonitorAddress(monitorAddress);
  request.setArgsList([engineAddress]);
  for (const [key, { value, secret }] of Object.entries(d.state.config)) {
    request.getConfigMap().set(key, value);
    if (secret) request.addConfigsecretkeys(key);
  }
  return request;
};
