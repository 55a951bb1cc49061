import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { TenantIdSchema } from '@lapidary/contracts/api/common';
import { ResumeTenantSchema, SuspendTenantSchema, TenantSchema, type TenantView } from '@lapidary/contracts/api/tenants';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, Headers, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { etagOf } from '../http/etag.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import { CONFIG } from '../process/tokens.js';
import { resumeTenant, suspendTenant, type SuspensionChange } from './suspend-tenant.js';
import type { TenantTools } from './tenant-row.js';

@Controller('v1/tenants')
export class SuspensionController {
  private readonly tools: TenantTools;

  constructor(
    private readonly runner: CommandRunner,
    clock: HybridLogicalClock,
    @Inject(CONFIG) config: ControlPlaneConfig,
  ) {
    this.tools = { clock, baseDomain: config.LAPIDARY_BASE_DOMAIN };
  }

  @Post(':id/suspend')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Have a tenant not served; it keeps its place and its data',
    tag: 'tenants',
    answers: { 200: TenantSchema },
    idempotent: true,
    conditional: true,
  })
  async suspend(
    @Param('id', { schema: TenantIdSchema }) id: string,
    @Body({ schema: SuspendTenantSchema }) _body: z.infer<typeof SuspendTenantSchema>,
    @Headers('if-match') ifMatch: string | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    return await this.change(request, reply, suspendTenant, { id, ifMatch });
  }

  @Post(':id/resume')
  @HttpCode(200)
  @ApiAnswers({
    summary: 'Have a suspended tenant served again, where it was',
    description: 'Refused as name_taken where another region’s tenant has its name, which claimed it first.',
    tag: 'tenants',
    answers: { 200: TenantSchema },
    idempotent: true,
    conditional: true,
  })
  async resume(
    @Param('id', { schema: TenantIdSchema }) id: string,
    @Body({ schema: ResumeTenantSchema.optional() }) _body: z.infer<typeof ResumeTenantSchema> | undefined,
    @Headers('if-match') ifMatch: string | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    return await this.change(request, reply, resumeTenant, { id, ifMatch });
  }

  private async change(
    request: CommandRequest,
    reply: FastifyReply,
    work: typeof suspendTenant,
    change: SuspensionChange,
  ): Promise<TenantView> {
    const answer = await this.runner.run(request, async (tx, context) => {
      const tenant = await work(tx, context, this.tools, change);
      return { status: 200, body: tenant, headers: { etag: etagOf(tenant.version) } };
    });
    return send(reply, answer);
  }
}
