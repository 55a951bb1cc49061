import {
  GeodeQuerySchema,
  GeodeSchema,
  HeldChangeListQuerySchema,
  HeldChangePageSchema,
  type GeodeView,
} from '@lapidary/contracts/api/replication';
import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import '../auth/request-augmentation.js';
import { heldKeyOf, listHeld } from '../collections/release-held.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { ReplicationStatus } from '../regions/replication-status.js';
import { subjectsShownTo } from '../residency/shown-values.js';
import { KeyFiles } from '../signatures/key-files.js';
import { PeerSeals } from '../signatures/peer-seals.js';
import { geodeStatus } from './geode-status.js';

@Controller('v1/geode')
export class GeodeController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly status: ReplicationStatus,
    private readonly seals: PeerSeals,
    private readonly keyFiles: KeyFiles,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({
    summary: 'How a region stands with the others: links, lag, queues, dead letters, conflicts',
    tag: 'replication',
    answers: { 200: GeodeSchema },
  })
  async show(@Query({ schema: GeodeQuerySchema }) _query: z.infer<typeof GeodeQuerySchema>): Promise<GeodeView> {
    const linkTo = this.status.linkTo.bind(this.status);
    const status = await geodeStatus(this.dataSource, linkTo, peersOf(this.config), this.seals.keys);
    return { ...status, keysRefused: this.keyFiles.refused };
  }

  @Get('held')
  @ApiAnswers({
    summary: 'Changes of other regions that wait for their time, since the clock that made them is ahead',
    tag: 'replication',
    answers: { 200: HeldChangePageSchema },
  })
  async held(
    @Query({ schema: HeldChangeListQuerySchema }) query: z.infer<typeof HeldChangeListQuerySchema>,
    @Req() { principal }: FastifyRequest,
  ): Promise<z.infer<typeof HeldChangePageSchema>> {
    const rows = await listHeld(this.dataSource, decodeCursor(query.cursor), query.limit);
    return pageFrom(await subjectsShownTo(this.dataSource, principal, rows), query.limit, heldKeyOf, (row) => row);
  }
}
