/** What a release of the template holds (tools/release-template.ts), and how it is asked: `Template` in infra/engine/templates.ts. */
import * as pulumi from '@pulumi/pulumi';
import { readStampInputs } from './stamp-inputs.js';
import { projectName } from './stamp-template.js';
import { renderStamp, type StampProgramOutputs } from './stamp.js';
import { templateVersion } from './template-version.js';

export const version: string = templateVersion;
export const render = renderStamp;
/** The Pulumi program: everything it needs stands in the stack's config. */
export const program = (): Promise<StampProgramOutputs> => renderStamp(readStampInputs(new pulumi.Config(projectName)));
