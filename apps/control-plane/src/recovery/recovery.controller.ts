import { peersOf, type ControlPlaneConfig } from '@lapidary/config/control-plane';
import {
  OpenRecoverySchema,
  RecoveryActSchema,
  ReseedSchema,
  TrustedTokensSchema,
  TrustTokensSchema,
  type OpenRecovery,
  type RecoveryAct,
  type TrustedTokens,
  type TrustTokens,
} from '@lapidary/contracts/api/recovery';
import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { heldTokens, trustTokens } from '../auth/held-credentials.js';
import { requireRoleHere } from '../auth/principal.js';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { openWithout, reseed } from './operate-recovery.js';

/** Of the region whose API is asked: it may be the only one that is heard. */
@Controller('v1/geode/recovery')
export class RecoveryController {
  constructor(
    private readonly runner: CommandRunner,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Post('open')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Have a restored region write again without regions that can’t be heard',
    description: 'What they alone hold of it is lost, and told in the answer. Rights of bounded counters still wait for them.',
    tag: 'replication',
    answers: { 200: RecoveryActSchema },
    idempotent: true,
  })
  async open(
    @Body({ schema: OpenRecoverySchema }) body: OpenRecovery,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RecoveryAct> {
    requireRoleHere(principal, 'operator', this.config.LAPIDARY_REGION);
    const peers = peersOf(this.config);
    return send(
      reply,
      await this.runner.run(request, async (tx, context) => ({ status: 200, body: await openWithout(tx, context, body, peers) })),
    );
  }

  @Post('reseed')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Empty a restored region of documents, so that it is filled anew from the others',
    description: 'For a backup that is older than deletes are remembered. Documents that no other region holds are lost.',
    tag: 'replication',
    answers: { 200: RecoveryActSchema },
    idempotent: true,
  })
  async reseed(
    @Body({ schema: ReseedSchema }) _body: z.infer<typeof ReseedSchema>,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RecoveryAct> {
    requireRoleHere(principal, 'operator', this.config.LAPIDARY_REGION);
    return send(reply, await this.runner.run(request, async (tx, context) => ({ status: 200, body: await reseed(tx, context) })));
  }

  @Post('trust')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Say that tokens which are held since the region was restored are still good',
    description: 'They may have been revoked since the backup, which knows nothing of it. Needs the role "admin" in the region.',
    tag: 'replication',
    answers: { 200: TrustedTokensSchema },
    idempotent: true,
  })
  async trust(
    @Body({ schema: TrustTokensSchema }) { tokens }: TrustTokens,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TrustedTokens> {
    const { LAPIDARY_REGION: region } = this.config;
    requireRoleHere(principal, 'admin', region);
    const answer = await this.runner.run(request, async (tx, context) => {
      await trustTokens(tx, context, tokens);
      return { status: 200, body: { region, trusted: tokens, held: await heldTokens(tx) } };
    });
    return send(reply, answer);
  }
}
