import { AppError } from '@lapidary/kernel/app-error';
import type { CommandContext } from '../http/command-context.js';

/**
 * Single writer per key (design: who may write what): a stamp, tenant or placement is written by its own region's geode
 * only. Requests for another region are forwarded before they come here; one that was not must not be executed.
 */
export const assertOwnRegion = (context: CommandContext, region: string, subject: string): void => {
  if (region === context.region) return;
  throw new AppError('region_unreachable', `${subject} belongs to region ${region}; the geode of ${context.region} can't write it`, {
    internal: 'a command for another region was not forwarded',
    details: { region },
  });
};
