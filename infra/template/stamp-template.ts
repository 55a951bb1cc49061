import * as pulumi from '@pulumi/pulumi';
import { readStampInputs } from './stamp-inputs.js';
import { renderStamp, type StampProgramOutputs } from './stamp.js';

/** Project of all stamps' stacks; the stack has the stamp's name. Equal to the name in infra/Pulumi.yaml. */
export const projectName = 'lapidary-stamp';

/** The Pulumi program: run inline by the provisioning child, and by the real CLI through infra/index.ts. */
export const stampProgram = (): Promise<StampProgramOutputs> => renderStamp(readStampInputs(new pulumi.Config(projectName)));
