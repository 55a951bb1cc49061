import engineGrpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import engine from '@pulumi/pulumi/proto/engine_pb.js';
import eventsGrpc from '@pulumi/pulumi/proto/events_grpc_pb.js';
import events from '@pulumi/pulumi/proto/events_pb.js';
import languageGrpc from '@pulumi/pulumi/proto/language_grpc_pb.js';
import language from '@pulumi/pulumi/proto/language_pb.js';
import resourceGrpc from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import resource from '@pulumi/pulumi/proto/resource_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';

/**
 * The protocol between SDK and engine, as the SDK ships it. Generated CommonJS without static exports, so from ESM only
 * the default import sees it. google-protobuf must be the very copy that @pulumi/pulumi uses: message classes are
 * compared by identity.
 */
export const protos = { engine, engineGrpc, events, eventsGrpc, language, languageGrpc, resource, resourceGrpc, empty, struct };
