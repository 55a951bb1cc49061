import { GeodeQuerySchema, GeodeSchema, type GeodeView } from '@lapidary/contracts/api/replication';
import { Controller, Get, Query } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { ApiAnswers } from '../openapi/api-answers.js';
import { ReplicationStatus } from '../regions/replication-status.js';
import { geodeStatus } from './geode-status.js';

@Controller('v1/geode')
export class GeodeController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly status: ReplicationStatus,
  ) {}

  @Get()
  @ApiAnswers({
    summary: 'How a region stands with the others: links, lag, queues, dead letters, conflicts',
    tag: 'replication',
    answers: { 200: GeodeSchema },
  })
  async show(@Query({ schema: GeodeQuerySchema }) _query: z.infer<typeof GeodeQuerySchema>): Promise<GeodeView> {
    return await geodeStatus(this.dataSource, (region) => this.status.linkTo(region));
  }
}
