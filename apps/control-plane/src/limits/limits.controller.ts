import { RegionNameSchema } from '@lapidary/contracts/api/common';
import { LimitsSchema, type LimitsView } from '@lapidary/contracts/api/limits';
import { LimitsDocumentSchema, type LimitsDocument } from '@lapidary/contracts/limits';
import { Body, Controller, Get, Headers, Param, Put, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { etagOf } from '../http/etag.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { readLimits, writeLimits } from './limits-rows.js';
import { LimitsWorker } from './limits-worker.js';

/** What the routers of a region hold their traffic to. A request for another region is forwarded there. */
@Controller('v1/limits')
export class LimitsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    private readonly worker: LimitsWorker,
  ) {}

  @Get(':region')
  @ApiAnswers({ summary: 'The limits that hold in a region', tag: 'limits', answers: { 200: LimitsSchema } })
  async show(
    @Param('region', { schema: RegionNameSchema }) region: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LimitsView> {
    this.worker.own(region);
    const limits = await readLimits(this.dataSource, region);
    reply.header('etag', etagOf(limits.version));
    return limits;
  }

  @Put(':region')
  @ApiAnswers({
    summary: 'Replace the limits of a region; its routers follow within a second',
    tag: 'limits',
    answers: { 200: LimitsSchema },
    idempotent: true,
    conditional: true,
  })
  async replace(
    @Param('region', { schema: RegionNameSchema }) region: string,
    @Body({ schema: LimitsDocumentSchema }) document: LimitsDocument,
    @Headers('if-match') ifMatch: string | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LimitsView> {
    this.worker.own(region);
    const answer = await this.runner.run(request, async (tx, context) => {
      const limits = await writeLimits(tx, context, { region, document, ifMatch });
      return { status: 200, body: limits, headers: { etag: etagOf(limits.version) } };
    });
    this.worker.tellRouters(answer.body.version);
    return send(reply, answer);
  }
}
