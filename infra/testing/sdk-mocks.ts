import * as pulumi from '@pulumi/pulumi';
import type { ParsedProvisionRun } from '@lapidary/contracts/provisioner-protocol';
import type { PropertyMap, PropertyValue } from '../engine/property-values.js';
import { simulatedInvoke, simulatedOutputs } from '../engine/simulated-outputs.js';
import { projectName } from '../template/stamp-template.js';
import { renderStamp } from '../template/stamp.js';

/**
 * The same program under the SDK's own mocks, with what the template reads of its resources answered as the simulated cloud
 * does: the yardstick of the engine's overhead. Mocks are global to the process, so one run at a time.
 */
export const renderUnderMocks = async ({ spec, regionFacts }: ParsedProvisionRun): Promise<void> => {
  const { awsRegion } = regionFacts;
  const outputsOf = (type: string, name: string, inputs: Record<string, PropertyValue>): PropertyMap =>
    simulatedOutputs(type.split(':').at(-1) ?? '', { id: name, arn: `arn:aws:simulated:::${name}`, region: awsRegion, inputs });
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => ({ id: name, state: { ...inputs, ...outputsOf(type, name, inputs) } }),
      call: ({ token, inputs }) => simulatedInvoke(awsRegion)(token, inputs as PropertyMap),
    },
    projectName,
    spec.name,
  );
  await pulumi.runtime.runInPulumiStack(
    async () => (await renderStamp({ spec, region: regionFacts, local: undefined, natsPassword: undefined })) as pulumi.Inputs,
  );
  await pulumi.runtime.disconnect();
};
