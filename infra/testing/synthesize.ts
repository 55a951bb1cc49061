import * as pulumi from '@pulumi/pulumi';
import config from '@pulumi/pulumi/runtime/config.js';
import settings from '@pulumi/pulumi/runtime/settings.js';
import state from '@pulumi/pulumi/runtime/state.js';
import type * as resourceTypes from '@pulumi/pulumi/proto/resource_pb.js';
import { protos } from '../engine/protos.js';
import type { PropertyMap } from '../engine/property-values.js';
import { makeUrn } from '../engine/urn.js';

export interface GraphResource {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  readonly parent: string;
  readonly provider: string;
  readonly protect: boolean;
  /** With secret marks. */
  readonly inputs: PropertyMap;
}

type Reply<T> = (error: null, response: T) => void;

// @internal in the SDK, so not in its types.
const { withLocalStorage, getStore } = state as unknown as {
  withLocalStorage<T>(work: () => Promise<T>): Promise<T>;
  getStore(): { settings: { monitor: unknown } };
};
const resetOptions = (settings as unknown as { resetOptions(...options: unknown[]): void }).resetOptions;
const setAllConfig = (config as unknown as { setAllConfig(values: Record<string, string>, secretKeys: readonly string[]): void })
  .setAllConfig;

/** The monitor as a plain object: no sockets, no provider, every id unknown, as in a preview of a first run. */
const recordingMonitor = (project: string, stack: string, resources: GraphResource[]) => ({
  getDeploymentInfo: (_: unknown, reply: Reply<resourceTypes.DeploymentInfo>) => {
    const features = protos.resource.ResourceMonitorFeature;
    const info = new protos.resource.DeploymentInfo();
    info.setSupportedfeaturesList([features.RESOURCE_MONITOR_FEATURE_SECRETS, features.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES]);
    reply(null, info);
  },
  supportsFeature: (_: unknown, reply: Reply<resourceTypes.SupportsFeatureResponse>) =>
    reply(null, new protos.resource.SupportsFeatureResponse()),
  invoke: (_: unknown, reply: Reply<resourceTypes.ResourceInvokeResponse>) => {
    const response = new protos.resource.ResourceInvokeResponse();
    response.setReturn(protos.struct.Struct.fromJavaScript({ randomPassword: 'made-by-an-invoke' }));
    reply(null, response);
  },
  registerResource: (request: resourceTypes.RegisterResourceRequest, reply: Reply<resourceTypes.RegisterResourceResponse>) => {
    const type = request.getType();
    resources.push({
      type,
      name: request.getName(),
      custom: request.getCustom(),
      parent: request.getParent().split('::').at(-1) ?? '',
      provider: request.getProvider(),
      protect: request.getProtect() ?? false,
      inputs: (request.getObject()?.toJavaScript() ?? {}) as PropertyMap,
    });
    const response = new protos.resource.RegisterResourceResponse();
    response.setUrn(makeUrn(stack, project, type, request.getName(), request.getParent()));
    response.setObject(request.getObject());
    reply(null, response);
  },
  registerResourceOutputs: (_: unknown, reply: Reply<unknown>) => reply(null, new protos.empty.Empty()),
  signalAndWaitForShutdown: (_: unknown, reply: Reply<unknown>) => reply(null, new protos.empty.Empty()),
  close: () => undefined,
});

/** What the program registers, without running anything: the rendered graph. */
export const synthesize = (project: string, stack: string, program: () => Promise<unknown>): Promise<readonly GraphResource[]> =>
  withLocalStorage(async () => {
    const resources: GraphResource[] = [];
    resetOptions(project, stack, 16, '', 'in-process', true, 'organization');
    getStore().settings.monitor = recordingMonitor(project, stack, resources);
    setAllConfig({}, []);
    await pulumi.runtime.runInPulumiStack(program as () => Promise<pulumi.Inputs>);
    await pulumi.runtime.disconnect();
    return resources;
  });
