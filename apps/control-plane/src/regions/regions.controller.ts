import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { PageQuerySchema, RegionNameSchema } from '@lapidary/contracts/api/common';
import { RegionPageSchema, RegionSchema, type RegionView } from '@lapidary/contracts/api/regions';
import { AppError } from '@lapidary/kernel/app-error';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { regionDecisions, type RegionDecisions } from './given-up-rows.js';
import { findRegion, listRegions, regionViewOf, type RegionRow } from './region-row.js';
import { ReplicationStatus } from './replication-status.js';

@Controller('v1/regions')
export class RegionsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly replication: ReplicationStatus,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({ summary: 'List regions with their room and their links', tag: 'regions', answers: { 200: RegionPageSchema } })
  async list(@Query({ schema: PageQuerySchema }) query: z.infer<typeof PageQuerySchema>): Promise<z.infer<typeof RegionPageSchema>> {
    const rows = await listRegions(this.dataSource, { limit: query.limit, after: decodeCursor(query.cursor) });
    const decisions = await regionDecisions(this.dataSource);
    return pageFrom(
      rows,
      query.limit,
      (row) => row.name,
      (row) => this.view(row, decisions),
    );
  }

  @Get(':name')
  @ApiAnswers({ summary: 'Show a region', tag: 'regions', answers: { 200: RegionSchema } })
  async show(@Param('name', { schema: RegionNameSchema }) name: string): Promise<RegionView> {
    const row = await findRegion(this.dataSource, name);
    if (!row) throw new AppError('not_found', `There is no region ${name}`);
    return this.view(row, await regionDecisions(this.dataSource));
  }

  private view(row: RegionRow, decisions: RegionDecisions): RegionView {
    return regionViewOf(row, this.config.LAPIDARY_REGION, this.replication.linkTo(row.name), decisions);
  }
}
