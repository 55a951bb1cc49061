import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { DriftIdSchema, FindingListQuerySchema, FindingPageSchema, FindingSchema, type FindingView } from '@lapidary/contracts/api/drift';
import { Controller, Get, Inject, Param, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import '../auth/request-augmentation.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { refuseOtherRegion } from './own-region.js';
import { CONFIG } from '../process/tokens.js';
import { findingViewOf, getFinding, listFindings, type FindingRow } from './finding-rows.js';
import { shownTo } from './shown-paths.js';

@Controller('v1/drift/findings')
export class FindingsController {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({
    summary: 'List drift of one region, the newest first',
    description:
      'Without a region: of the one that is asked. Each region keeps its own findings. Which document one is about is shown to operators of the region; of a tenant that has a residency not through another region.',
    tag: 'drift',
    answers: { 200: FindingPageSchema },
  })
  async list(
    @Query({ schema: FindingListQuerySchema }) query: z.infer<typeof FindingListQuerySchema>,
    @Req() request: FastifyRequest,
  ): Promise<z.infer<typeof FindingPageSchema>> {
    refuseOtherRegion(this.config, query.region);
    const rows = await listFindings(this.dataSource, { ...query, before: decodeCursor(query.cursor) });
    return pageFrom(await this.shown(request, rows), query.limit, (row) => row.id, findingViewOf);
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a finding', tag: 'drift', answers: { 200: FindingSchema } })
  async show(@Param('id', { schema: DriftIdSchema }) id: string, @Req() request: FastifyRequest): Promise<FindingView> {
    const [row] = await this.shown(request, [await getFinding(this.dataSource, id)]);
    return findingViewOf(row!);
  }

  private async shown({ principal }: FastifyRequest, rows: readonly FindingRow[]): Promise<FindingRow[]> {
    return await shownTo(this.dataSource, principal, this.config.LAPIDARY_REGION, rows);
  }
}
