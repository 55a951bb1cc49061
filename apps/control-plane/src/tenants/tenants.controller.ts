import type { ControlPlaneConfig } from '@lapidary/config/control-plane';
import { TenantIdSchema } from '@lapidary/contracts/api/common';
import {
  CreateTenantSchema,
  ExplanationSchema,
  TenantListQuerySchema,
  TenantPageSchema,
  TenantSchema,
  UpdateTenantSchema,
  type CreateTenant,
  type Explanation,
  type TenantView,
} from '@lapidary/contracts/api/tenants';
import { HybridLogicalClock } from '@lapidary/kernel/hybrid-logical-clock';
import { Body, Controller, Delete, Get, Headers, Inject, Param, Patch, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import type { z } from 'zod';
import { Command, send } from '../http/command-decorator.js';
import { CommandRunner, type CommandRequest } from '../http/command-runner.js';
import { decodeCursor, pageFrom } from '../http/cursor.js';
import { etagOf } from '../http/etag.js';
import { ApiAnswers } from '../openapi/api-answers.js';
import type { ControlPlaneMetrics } from '../process/metrics.js';
import { CONFIG, METRICS } from '../process/tokens.js';
import { deleteTenant, updateTenant } from './change-tenant.js';
import { createTenant } from './create-tenant.js';
import { explainTenant } from './explain-tenant.js';
import { ServingWait } from './serving-wait.js';
import { tenantViewOf, type TenantTools } from './tenant-row.js';
import { listTenants } from './tenant-store.js';
import { ReasonQuerySchema, WaitQuerySchema } from './tenant-queries.js';
import { viewTenant } from './view-tenant.js';

@Controller('v1/tenants')
export class TenantsController {
  private readonly tools: TenantTools;

  constructor(
    private readonly dataSource: DataSource,
    private readonly runner: CommandRunner,
    private readonly serving: ServingWait,
    clock: HybridLogicalClock,
    @Inject(CONFIG) config: ControlPlaneConfig,
    @Inject(METRICS) private readonly metrics: ControlPlaneMetrics,
  ) {
    this.tools = { clock, baseDomain: config.LAPIDARY_BASE_DOMAIN };
  }

  @Get()
  @ApiAnswers({ summary: 'List tenants of all regions', tag: 'tenants', answers: { 200: TenantPageSchema } })
  async list(
    @Query({ schema: TenantListQuerySchema }) query: z.infer<typeof TenantListQuerySchema>,
  ): Promise<z.infer<typeof TenantPageSchema>> {
    const rows = await listTenants(this.dataSource, { ...query, after: decodeCursor(query.cursor) });
    return pageFrom(
      rows,
      query.limit,
      (row) => row.id,
      (row) => tenantViewOf(row, this.tools.baseDomain),
    );
  }

  @Get(':id')
  @ApiAnswers({ summary: 'Show a tenant', tag: 'tenants', answers: { 200: TenantSchema } })
  async show(@Param('id', { schema: TenantIdSchema }) id: string, @Res({ passthrough: true }) reply: FastifyReply): Promise<TenantView> {
    const tenant = await viewTenant(this.dataSource, id, this.tools.baseDomain);
    reply.header('etag', etagOf(tenant.version));
    return tenant;
  }

  @Get(':id/explain')
  @ApiAnswers({
    summary: 'Why the tenant is where it is: every stamp, every rule, every score',
    tag: 'tenants',
    answers: { 200: ExplanationSchema },
  })
  async explain(@Param('id', { schema: TenantIdSchema }) id: string): Promise<Explanation> {
    return await explainTenant(this.dataSource, id, this.tools.baseDomain);
  }

  @Post()
  @ApiAnswers({
    summary: 'Create a tenant and place it',
    description:
      'Without room the tenant is created as pending and placed by itself when there is room. With ?wait the answer comes when its stamp serves it, or after that time: placement.servingAt tells.',
    tag: 'tenants',
    answers: { 201: TenantSchema },
    idempotent: true,
  })
  async create(
    @Body({ schema: CreateTenantSchema }) input: CreateTenant,
    @Query({ schema: WaitQuerySchema }) query: z.infer<typeof WaitQuerySchema>,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    const answer = await this.runner.run(request, async (tx, context) => {
      const { tenant, lostRaces } = await createTenant(tx, context, this.tools, input);
      this.metrics.lapidary_placement_lost_races_total.inc(lostRaces);
      return { status: 201, body: tenant, headers: { location: `/v1/tenants/${tenant.id}`, etag: etagOf(tenant.version) } };
    });
    this.metrics.lapidary_placements_total.inc({ outcome: answer.body.status });
    const body = send(reply, answer);
    if (query.wait === 0 || (body.placement?.servingAt ?? null) !== null) return body;
    const tenant = await this.serving.until(body.id, query.wait * 1000, goneSignal(reply));
    reply.header('etag', etagOf(tenant.version));
    return tenant;
  }

  @Patch(':id')
  @ApiAnswers({
    summary: 'Replace the labels, the residency or the host names of a tenant',
    tag: 'tenants',
    answers: { 200: TenantSchema },
    conditional: true,
  })
  async update(
    @Param('id', { schema: TenantIdSchema }) id: string,
    @Body({ schema: UpdateTenantSchema }) body: z.infer<typeof UpdateTenantSchema>,
    @Headers('if-match') ifMatch: string | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    const answer = await this.runner.run(request, async (tx, context) =>
      answerWith(await updateTenant(tx, context, this.tools, { ...body, id, ifMatch })),
    );
    return send(reply, answer);
  }

  @Delete(':id')
  @ApiAnswers({
    summary: 'Delete a tenant; its id is never given out again',
    tag: 'tenants',
    answers: { 200: TenantSchema },
    conditional: true,
  })
  async remove(
    @Param('id', { schema: TenantIdSchema }) id: string,
    @Query({ schema: ReasonQuerySchema }) _query: z.infer<typeof ReasonQuerySchema>,
    @Headers('if-match') ifMatch: string | undefined,
    @Command() request: CommandRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TenantView> {
    const answer = await this.runner.run(request, async (tx, context) =>
      answerWith(await deleteTenant(tx, context, this.tools, { id, ifMatch })),
    );
    return send(reply, answer);
  }
}

const answerWith = (tenant: TenantView): { status: number; body: TenantView; headers: Record<string, string> } => ({
  status: 200,
  body: tenant,
  headers: { etag: etagOf(tenant.version) },
});

/** A caller that went away needs no answer: its wait ends. */
const goneSignal = (reply: FastifyReply): AbortSignal => {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
};
