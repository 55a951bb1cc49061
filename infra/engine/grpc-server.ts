import * as grpc from '@grpc/grpc-js';
import { protos } from './protos.js';

/** A stack's properties are small; the SDK itself raises the limit to 400 MB for its own channels. */
export const channelOptions: grpc.ChannelOptions = { 'grpc.max_receive_message_length': 400 * 1024 * 1024 };

export interface LoopbackServer {
  readonly address: string;
  stop(): void;
}

/** Serves on a free port of the loopback interface; the SDK in this process is the only client. */
export const serveOnLoopback = async (
  service: grpc.ServiceDefinition,
  implementation: grpc.UntypedServiceImplementation,
): Promise<LoopbackServer> => {
  const server = new grpc.Server(channelOptions);
  server.addService(service, implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { address: `127.0.0.1:${port}`, stop: () => server.forceShutdown() };
};

/** An async function as a gRPC handler; what it throws becomes the call's error, `code` included. */
export const unary =
  <Request, Response>(handle: (request: Request) => Promise<Response> | Response): grpc.handleUnaryCall<Request, Response> =>
  (call, callback) => {
    void Promise.resolve()
      .then(() => handle(call.request))
      .then(
        (response) => callback(null, response),
        (error: Error & { code?: grpc.status }) =>
          callback({ code: error.code ?? grpc.status.UNKNOWN, message: error.message, details: error.message }),
      );
  };

export const emptyReply = () => new protos.empty.Empty();

/** Tells the SDK that the engine stops: it sends no more and reports no error of its own (runtime/resource.js). */
export const engineIsStopping = (): Error => Object.assign(new Error('the engine is stopping'), { code: grpc.status.UNAVAILABLE });
