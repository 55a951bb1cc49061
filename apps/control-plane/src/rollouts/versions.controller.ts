import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { EventSchemasSchema, VersionSkewSchema, type EventSchemas, type VersionSkew } from '@lapidary/contracts/api/rollouts';
import { AppError } from '@lapidary/kernel/app-error';
import { Controller, Get, Inject, Param } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { ownEventSchemas } from './own-event-schemas.js';
import { versionsOf } from './plan-waves.js';
import { readFleet } from './read-fleet.js';

@Controller('v1')
export class VersionsController {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get('versions')
  @ApiAnswers({
    summary: 'Which versions active stamps run, and which stamps run each',
    tag: 'rollouts',
    answers: { 200: VersionSkewSchema },
  })
  async versions(): Promise<VersionSkew> {
    const [workload, template] = await Promise.all([readFleet(this.dataSource, 'workload'), readFleet(this.dataSource, 'template')]);
    return VersionSkewSchema.parse({ workload: versionsOf(workload), template: versionsOf(template) });
  }

  @Get('regions/:name/event-schemas')
  @ApiAnswers({
    summary: 'Schemas of the events that a region’s control plane writes and reads',
    description: 'Answered by the region itself. A wave starts only when every region can read what the others write.',
    tag: 'regions',
    answers: { 200: EventSchemasSchema },
  })
  eventSchemas(@Param('name', { schema: RegionNameSchema }) name: string): EventSchemas {
    if (name !== this.config.LAPIDARY_REGION) throw new AppError('not_found', `Region ${name} is not the one that answers here`);
    return { region: name, schemas: ownEventSchemas() } as EventSchemas;
  }
}
