import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { AppError } from '@lapidary/kernel/app-error';
import { Body, Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { Authenticator } from './authenticator.js';
import { CredentialCheck } from './credential-check.js';
import { credentialsOf, isOverTls, isOwnOrigin, sessionCookieHeader } from './credentials.js';
import type { Principal } from './principal.js';
import { Public } from './role-guard.js';
import { SessionRequestSchema, SessionSchema, type SessionRequest, type SessionView } from './session-schemas.js';
import { sessionSeconds, Sessions } from './sessions.js';

/** The console trades a token for a cookie that scripts can't read. */
@Controller('v1/session')
export class SessionController {
  constructor(
    private readonly sessions: Sessions,
    private readonly authenticator: Authenticator,
    private readonly check: CredentialCheck,
    @Inject(CONFIG) private readonly config: ControlPlaneConfig,
  ) {}

  @Post()
  @HttpCode(200)
  @Public()
  @ApiAnswers({ summary: 'Begin a console session: trades a token for a cookie', tag: 'session', answers: { 200: SessionSchema } })
  async begin(
    @Body({ schema: SessionRequestSchema }) body: SessionRequest,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionView> {
    if (request.headers.origin !== undefined && !isOwnOrigin(request.headers))
      throw new AppError('forbidden', 'Sessions begin on the console’s own page');
    const context = { region: this.config.LAPIDARY_REGION, requestId: request.id, reason: null };
    const offer = { ip: request.ip, requestId: request.id, entry: 'session' } as const;
    if ((await this.check.identify({ via: 'bearer', secret: body.token }, offer)) === null)
      throw new AppError('unauthenticated', 'There is no such token');
    const secret = await this.sessions.begin(body.token, context);
    const principal = await this.authenticator.identify({ via: 'cookie', secret });
    if (!principal) throw new AppError('unauthenticated');
    reply.header('set-cookie', sessionCookieHeader(secret, sessionSeconds, isOverTls(request.headers, request.protocol)));
    return this.view(principal);
  }

  @Get()
  @ApiAnswers({ summary: 'Who am I', tag: 'session', answers: { 200: SessionSchema } })
  show(@Req() request: FastifyRequest): SessionView {
    if (!request.principal) throw new AppError('unauthenticated');
    return this.view(request.principal);
  }

  @Delete()
  @HttpCode(204)
  @Public()
  @ApiAnswers({ summary: 'End the console session', tag: 'session', answers: { 204: null } })
  async end(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const credentials = credentialsOf(request.headers);
    reply.header('set-cookie', sessionCookieHeader('', 0, isOverTls(request.headers, request.protocol)));
    if (!request.principal || credentials?.via !== 'cookie') return;
    this.authenticator.forget(credentials);
    const context = { region: this.config.LAPIDARY_REGION, actor: request.principal.actor, requestId: request.id, reason: null };
    await this.sessions.end(credentials.secret, context);
  }

  private view(principal: Principal): SessionView {
    return { actor: principal.actor, via: principal.via, bindings: principal.bindings, region: this.config.LAPIDARY_REGION };
  }
}
