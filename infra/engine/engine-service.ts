import type * as engineTypes from '@pulumi/pulumi/proto/engine_pb.js';
import type { Deployment } from './deployment.js';
import { emptyReply, serveOnLoopback, unary, type LoopbackServer } from './grpc-server.js';
import { protos } from './protos.js';

const severities = ['debug', 'info', 'warning', 'error'] as const;

/** The service through which the running program logs. The SDK's own debug chatter (some 4 lines per resource) is dropped. */
export const serveEngine = (d: Deployment): Promise<LoopbackServer> => {
  let root = '';
  return serveOnLoopback(protos.engineGrpc.EngineService, {
    log: unary((request: engineTypes.LogRequest) => {
      const severity = severities[request.getSeverity()] ?? 'info';
      if (severity !== 'debug' && d.failure === undefined) d.parts.events.diagnostic(severity, request.getMessage(), request.getUrn());
      return emptyReply();
    }),
    getRootResource: unary(() => {
      const response = new protos.engine.GetRootResourceResponse();
      response.setUrn(root);
      return response;
    }),
    setRootResource: unary((request: engineTypes.SetRootResourceRequest) => {
      root = request.getUrn();
      return new protos.engine.SetRootResourceResponse();
    }),
    startDebugging: unary(emptyReply),
    requirePulumiVersion: unary(() => new protos.engine.RequirePulumiVersionResponse()),
  });
};
