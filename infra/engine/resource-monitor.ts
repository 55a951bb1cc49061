import type { RegisterResourceRequest } from '@pulumi/pulumi/proto/resource_pb.js';
import type * as resourceTypes from '@pulumi/pulumi/proto/resource_pb.js';
import { randomUUID } from 'node:crypto';
import { put, type Deployment } from './deployment.js';
import { engineError } from './engine-error.js';
import { emptyReply, engineIsStopping, serveOnLoopback, unary, type LoopbackServer } from './grpc-server.js';
import { plainMap, type PropertyMap } from './property-values.js';
import { protos } from './protos.js';
import { goalOf, type ResourceGoal } from './resource-goal.js';
import { stateOf, stepCustomResource } from './resource-steps.js';
import type { ResourceState } from './state-model.js';
import { isProviderType, makeUrn, nameOf, stackType } from './urn.js';

const features = protos.resource.ResourceMonitorFeature;
/** What this engine understands. ALIAS_SPECS is left out: without it the SDK sends aliases as ready URNs. */
const supportedFeatures = [
  features.RESOURCE_MONITOR_FEATURE_SECRETS,
  features.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
  features.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
];

/** What the running program asks of an engine, whichever way its questions come. */
export const monitorMethods = (d: Deployment, project: string) => ({
  getDeploymentInfo: () => {
    const info = new protos.resource.DeploymentInfo();
    info.setSupportedfeaturesList(supportedFeatures);
    return info;
  },
  supportsFeature: () => new protos.resource.SupportsFeatureResponse(),
  signalAndWaitForShutdown: emptyReply,
  registerResource: (request: RegisterResourceRequest) => register(d, goalOf(request, d.parts.stack, project)),
  registerResourceOutputs: (request: resourceTypes.RegisterResourceOutputsRequest) => recordOutputs(d, request),
  invoke: (request: resourceTypes.ResourceInvokeRequest) => invoke(d, request),
  readResource: (request: resourceTypes.ReadResourceRequest) => read(d, request, project),
});

/** The service through which a program registers resources over gRPC: the SDK's own way. */
export const serveResourceMonitor = (d: Deployment, project: string): Promise<LoopbackServer> => {
  const methods = Object.entries(monitorMethods(d, project) as Record<string, (request: unknown) => unknown>);
  return serveOnLoopback(
    protos.resourceGrpc.ResourceMonitorService,
    Object.fromEntries(methods.map(([name, handle]) => [name, unary(handle)])),
  );
};

/** The first failure ends the run; the program is told that the engine stops and reports nothing of its own. */
const orStop = async <T>(d: Deployment, type: string, name: string, work: () => Promise<T>): Promise<T> => {
  if (d.failure !== undefined) throw engineIsStopping();
  try {
    return await d.track(work);
  } catch (error) {
    const failure = d.resourceFailure(type, name, error);
    if (d.failure === undefined) d.parts.events.diagnostic('error', failure.message);
    d.stop(failure);
    throw engineIsStopping();
  }
};

const register = (d: Deployment, goal: ResourceGoal): Promise<resourceTypes.RegisterResourceResponse> =>
  orStop(d, goal.type, nameOf(goal.urn), async () => {
    if (d.registered.has(goal.urn))
      throw engineError('program_failed', `two resources have the name "${nameOf(goal.urn)}" and the type ${goal.type}`);
    d.registered.add(goal.urn);
    d.parts.scrubber.learn(goal.inputs);
    const { type, inputs, protect } = goal;
    // With targets nothing new is built: what is aimed at was judged when it was.
    if (type !== stackType && d.parts.targets.size === 0) d.judge({ type, name: nameOf(goal.urn), inputs, protect }, goal.urn);
    adoptAlias(d, goal);
    const made = d.isMeant(goal.urn) ? await step(d, goal) : passedOver(d, goal);
    const response = new protos.resource.RegisterResourceResponse();
    response.setUrn(goal.urn);
    response.setId(made.id);
    response.setObject(structOf(made.custom ? made.outputs : goal.inputs));
    return response;
  });

const step = (d: Deployment, goal: ResourceGoal): Promise<ResourceState> =>
  !goal.custom || isProviderType(goal.type) ? stepLogical(d, goal) : stepCustomResource(d, goal);

/** Not aimed at: as it is, whatever the program says of it. */
const passedOver = (d: Deployment, goal: ResourceGoal): ResourceState => {
  const old = d.find(goal.urn);
  if (old === undefined) throw engineError('unsupported', `"${nameOf(goal.urn)}" is not there yet, and --target leaves it out`);
  return old;
};

/** A resource that was renamed or moved keeps its state when the program names its former URN. */
const adoptAlias = (d: Deployment, goal: ResourceGoal): void => {
  if (d.find(goal.urn) !== undefined) return;
  const former = d.state.resources.find((r) => !r.condemned && goal.aliases.includes(r.urn));
  if (former === undefined) return;
  d.state.resources = d.state.resources.map((r) => (r === former ? { ...r, urn: goal.urn } : r));
};

/** Components and provider resources exist only in the state. */
const stepLogical = async (d: Deployment, goal: ResourceGoal): Promise<ResourceState> => {
  const old = d.find(goal.urn);
  const id = old?.id ?? (goal.custom ? randomUUID() : '');
  const next = stateOf(goal, goal.inputs, id, goal.custom ? goal.inputs : (old?.outputs ?? {}));
  const step = { op: old === undefined ? 'create' : 'same', urn: goal.urn, type: goal.type, old, new: next };
  d.parts.events.started(step);
  d.count(step.op);
  // Not awaited on disk: it rides along with the next checkpoint, or with the one at the end of the run.
  d.state.resources = [...put(d.state.resources, next)];
  d.parts.events.done(step);
  return next;
};

const recordOutputs = (d: Deployment, request: resourceTypes.RegisterResourceOutputsRequest) => {
  const urn = request.getUrn();
  if (!d.isMeant(urn)) return emptyReply();
  const outputs = (request.getOutputs()?.toJavaScript() ?? {}) as PropertyMap;
  d.state.resources = d.state.resources.map((r) => (r.urn === urn && !r.condemned ? { ...r, outputs } : r));
  if (urn.includes(`::${stackType}::`)) d.state.outputs = outputs;
  return emptyReply();
};

const invoke = (d: Deployment, request: resourceTypes.ResourceInvokeRequest): Promise<resourceTypes.ResourceInvokeResponse> =>
  orStop(d, request.getTok(), 'invoke', async () => {
    const args = (request.getArgs()?.toJavaScript() ?? {}) as PropertyMap;
    const response = new protos.resource.ResourceInvokeResponse();
    response.setReturn(structOf(await d.parts.providers.of(request.getTok()).invoke(request.getTok(), plainMap(args))));
    return response;
  });

const read = (d: Deployment, request: resourceTypes.ReadResourceRequest, project: string): Promise<resourceTypes.ReadResourceResponse> =>
  orStop(d, request.getType(), request.getName(), async () => {
    const urn = makeUrn(d.parts.stack, project, request.getType(), request.getName(), request.getParent());
    const live = await d.parts.providers.of(request.getType()).read(request.getId(), urn, {});
    if (live === undefined) throw new Error(`there is no such resource: ${request.getId()}`);
    const response = new protos.resource.ReadResourceResponse();
    response.setUrn(urn);
    response.setProperties(structOf(live));
    return response;
  });

/** Struct.fromJavaScript wants its own mutable type; the values are JSON all the same. */
const structOf = (values: PropertyMap) =>
  protos.struct.Struct.fromJavaScript(values as Parameters<typeof protos.struct.Struct.fromJavaScript>[0]);
