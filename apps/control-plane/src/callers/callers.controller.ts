import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { PageQuerySchema } from '@lapidary/contracts/api/common';
import {
  CreateTokenSchema,
  RevokeTokenSchema,
  TokenNameSchema,
  TokenPageSchema,
  TokenSchema,
  type CreateToken,
  type TokenView,
} from '@lapidary/contracts/api/tokens';
import { AppError } from '@lapidary/kernel/app-error';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { createToken, listTokens, revokeToken, type TokenRow } from './change-tokens.js';
import { adminName } from '../auth/ensure-admin-token.js';
import { requireRoleHere, type Principal } from '../auth/principal.js';

/** Who may call this region (P-ID1). Each region keeps its own, for it must know them while it is cut off. */
@Controller('v1/tokens')
export class CallersController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Get()
  @ApiAnswers({
    summary: 'List the tokens of the region that is asked, with their roles',
    description: 'Needs the role "admin" in the region.',
    tag: 'tokens',
    answers: { 200: TokenPageSchema },
  })
  async list(
    @Query({ schema: PageQuerySchema }) query: z.infer<typeof PageQuerySchema>,
    @Req() { principal }: FastifyRequest,
  ): Promise<z.infer<typeof TokenPageSchema>> {
    this.admin(principal);
    const rows = await listTokens(this.dataSource, { after: decodeCursor(query.cursor), limit: query.limit });
    return pageFrom(rows, query.limit, (row) => row.name, viewOf);
  }

  @Post()
  @ApiAnswers({
    summary: 'Let somebody in, with roles in regions',
    description:
      'The caller makes the secret and sends its digest only. Needs the role "admin" in the region, and in each region of the roles.',
    tag: 'tokens',
    answers: { 201: TokenSchema },
    idempotent: true,
  })
  async create(
    @Body({ schema: CreateTokenSchema }) body: CreateToken,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenView> {
    const admin = this.admin(principal);
    const answer = await this.runner.run(request, async (tx, context) => ({
      status: 201,
      body: viewOf(await createToken(tx, context, admin, body)),
    }));
    return send(reply, answer);
  }

  @Post(':name/revoke')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'End a token, and the sessions that were begun with it',
    description: 'Needs the role "admin" in the region. Its name stays taken.',
    tag: 'tokens',
    answers: { 200: TokenSchema },
    idempotent: true,
  })
  async revoke(
    @Param('name', { schema: TokenNameSchema }) name: string,
    @Body({ schema: RevokeTokenSchema }) _body: z.infer<typeof RevokeTokenSchema>,
    @Command() request: CommandRequest,
    @Req() { principal }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenView> {
    this.admin(principal);
    if (name === adminName && this.config.LAPIDARY_ADMIN_TOKEN_FILE !== undefined)
      throw new AppError('illegal_transition', `${name} is the token of LAPIDARY_ADMIN_TOKEN_FILE: change that file and start again`);
    const answer = await this.runner.run(request, async (tx, context) => ({
      status: 200,
      body: viewOf(await revokeToken(tx, context, name)),
    }));
    return send(reply, answer);
  }

  private admin(principal: Principal | null): Principal {
    return requireRoleHere(principal, 'admin', this.config.LAPIDARY_REGION);
  }
}

const viewOf = (row: TokenRow): TokenView => ({
  name: row.name,
  bindings: row.bindings,
  createdAt: row.created_at.toISOString(),
  expiresAt: row.expires_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
  heldAt: row.held_at?.toISOString() ?? null,
});
