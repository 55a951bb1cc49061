import { CapacityDecisionPageSchema, CapacityOutlookSchema, type CapacityOutlook } from '@lapidary/contracts/api/capacity';
import { PageQuerySchema, RegionNameSchema } from '@lapidary/contracts/api/common';
import { AppError } from '@lapidary/kernel/app-error';
import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CapacityPlanner } from './capacity-planner.js';
import { decisionViewOf, lastDecision, listDecisions } from './decision-rows.js';

/** A region's room, and what is decided about more of it. Asked of the region itself: only it decides. */
@Controller('v1/capacity')
export class CapacityController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly planner: CapacityPlanner,
  ) {}

  @Get(':region')
  @ApiAnswers({
    summary: 'How much room a region has, and what its policy would do now',
    tag: 'capacity',
    answers: { 200: CapacityOutlookSchema },
  })
  async outlook(@Param('region', { schema: RegionNameSchema }) region: string, @Req() request: FastifyRequest): Promise<CapacityOutlook> {
    this.own(region);
    const gone = new AbortController();
    request.raw.once('close', () => gone.abort());
    const { policy, figures, verdict } = await this.planner.outlook(gone.signal);
    const last = await lastDecision(this.dataSource, region);
    return { region, policy, figures, verdict, last: last ? decisionViewOf(last) : null };
  }

  @Get(':region/decisions')
  @ApiAnswers({
    summary: 'What was decided about more room, the newest first',
    tag: 'capacity',
    answers: { 200: CapacityDecisionPageSchema },
  })
  async decisions(
    @Param('region', { schema: RegionNameSchema }) region: string,
    @Query({ schema: PageQuerySchema }) query: z.infer<typeof PageQuerySchema>,
  ): Promise<z.infer<typeof CapacityDecisionPageSchema>> {
    this.own(region);
    const rows = await listDecisions(this.dataSource, { region, before: decodeCursor(query.cursor), limit: query.limit + 1 });
    return pageFrom(rows, query.limit, (row) => row.id, decisionViewOf);
  }

  private own(region: string): void {
    if (region === this.planner.region) return;
    throw new AppError('not_found', `This is region ${this.planner.region}, and it has no link to a region ${region}`);
  }
}
