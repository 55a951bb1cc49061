import type * as resourceTypes from '@pulumi/pulumi/proto/resource_pb.js';
import type { MonitorMethods } from '../in-process-program.js';
import { protos } from '../protos.js';
import type { PropertyMap } from '../property-values.js';
import { makeUrn } from '../urn.js';

export interface GraphResource {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string;
  readonly urn: string;
  /** URNs that it had in earlier versions of the program. */
  readonly aliases: readonly string[];
  readonly provider: string;
  readonly protect: boolean;
  /** With secret marks. */
  readonly inputs: PropertyMap;
}

export type Invoke = (token: string, args: PropertyMap) => Promise<PropertyMap>;

/** Writes down what a program registers. Every id is unknown, as in a preview of a first run. */
export const recordingMonitor = (project: string, stack: string, resources: GraphResource[], invoke: Invoke): MonitorMethods => ({
  getDeploymentInfo: () => {
    const features = protos.resource.ResourceMonitorFeature;
    const info = new protos.resource.DeploymentInfo();
    info.setSupportedfeaturesList([features.RESOURCE_MONITOR_FEATURE_SECRETS, features.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES]);
    return info;
  },
  supportsFeature: () => new protos.resource.SupportsFeatureResponse(),
  invoke: async (request: resourceTypes.ResourceInvokeRequest) => {
    const response = new protos.resource.ResourceInvokeResponse();
    const args = (request.getArgs()?.toJavaScript() ?? {}) as PropertyMap;
    const answer = await invoke(request.getTok(), args);
    response.setReturn(protos.struct.Struct.fromJavaScript(answer as Parameters<typeof protos.struct.Struct.fromJavaScript>[0]));
    return response;
  },
  registerResource: (request: resourceTypes.RegisterResourceRequest) => {
    const type = request.getType();
    const urn = makeUrn(stack, project, type, request.getName(), request.getParent());
    resources.push({
      type,
      name: request.getName(),
      custom: request.getCustom(),
      parent: request.getParent().split('::').at(-1) ?? '',
      urn,
      aliases: request.getAliasurnsList(),
      provider: request.getProvider(),
      protect: request.getProtect() ?? false,
      inputs: (request.getObject()?.toJavaScript() ?? {}) as PropertyMap,
    });
    const response = new protos.resource.RegisterResourceResponse();
    response.setUrn(urn);
    response.setObject(request.getObject());
    return response;
  },
  registerResourceOutputs: () => new protos.empty.Empty(),
  signalAndWaitForShutdown: () => new protos.empty.Empty(),
});
