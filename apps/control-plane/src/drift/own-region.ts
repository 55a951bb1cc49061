import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { AppError } from '@lapidary/kernel/app-error';

/** Questions about another region were forwarded before they come here; one that was not must not get our own drift for an answer. */
export const refuseOtherRegion = (config: ControlPlaneConfig, asked: string | undefined): void => {
  if (asked === undefined || asked === config.LAPIDARY_REGION) return;
  throw new AppError(
    'region_unreachable',
    `Region ${asked} keeps its own drift, and there is no link to it from ${config.LAPIDARY_REGION}`,
    {
      details: { region: asked },
    },
  );
};
