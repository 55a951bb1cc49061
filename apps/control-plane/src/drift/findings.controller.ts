import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { DriftIdSchema, FindingListQuerySchema, FindingPageSchema, FindingSchema, type FindingView } from '@lapidary/contracts/api/drift';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { refuseOtherRegion } from './own-region.js';
import { CONFIG } from '../process/tokens.js';
import { findingViewOf, getFinding, listFindings } from './finding-rows.js';

@Controller('v1/drift/findings')
export class FindingsController {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({
    summary: 'List drift of one region, the newest first',
    description: 'Without a region: of the one that is asked. Each region keeps its own findings.',
    tag: 'drift',
    answers: { 200: FindingPageSchema },
  })
  async list(
    @Query({ schema: FindingListQuerySchema }) query: z.infer<typeof FindingListQuerySchema>,
  ): Promise<z.infer<typeof FindingPageSchema>> {
    refuseOtherRegion(this.config, query.region);
    const rows = await listFindings(this.dataSource, { ...query, before: decodeCursor(query.cursor) });
    return pageFrom(rows, query.limit, (row) => row.id, findingViewOf);
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a finding', tag: 'drift', answers: { 200: FindingSchema } })
  async show(@Param('id', { schema: DriftIdSchema }) id: string): Promise<FindingView> {
    return findingViewOf(await getFinding(this.dataSource, id));
  }
}
