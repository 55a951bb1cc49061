import { AppError } from '@lapidary/kernel/app-error';
import { backOffMs } from '@lapidary/kernel/back-off';
import { regionOfStamp } from '@lapidary/kernel/names';
import { CreateTenantSchema, type TenantView } from '@lapidary/contracts/api/tenants';
import { z } from 'zod';
import type { Api } from '../client/api.js';
import type { Command } from '../invocation.js';
import { tenantFacts } from '../output/fleet-facts.js';
import type { Output } from '../output/output.js';
import { LabelField, ReasonField, required, UnitsField } from './fields.js';

/** A stamp confirms a tenant in tens of milliseconds; somebody waits. */
const pollFirstMs = 100;
const pollMaxMs = 1_000;
/** A stamp that has not confirmed by then is dead or cut off, and the person should hear of it. */
const servingMaxMs = 60_000;

const Typed = z.object({
  weight: UnitsField,
  residency: z
    .string()
    .optional()
    .transform((text) => text?.split(',').filter((place) => place !== '')),
  labels: LabelField,
  reason: ReasonField,
});

export const tenantsCreate: Command = async (invocation) => {
  const { args, options, output } = invocation;
  const target = invocation.target();
  const region = required(
    options.region ?? target.region ?? undefined,
    '--region',
    'Name the home region of the tenant; "stampctl regions ls" lists them.',
  );
  const typed = invocation.parse(Typed, {
    weight: options.weight,
    residency: options.residency,
    labels: options.label,
    reason: options.reason,
  });
  const body = invocation.parse(CreateTenantSchema, { id: args[0], region, tier: options.tier, ...typed });
  const api = invocation.connect(target);
  const created = await api.createTenant(body);
  const tenant = options.wait === false ? created : await settled(api, created);
  if (tenant.status === 'pending') await sayPending(api, tenant, output);
  else if (tenant.placement?.servingAt) output.note(`${output.colours.green('✓')} ${tenant.id} is served by ${tenant.placement.stamp}`);
  await output.result({ data: tenant, name: tenant.id, table: (view) => tenantFacts(tenant, view) });
};

/** Waits until the stamp has confirmed the tenant. A pending one is not waited for: only somebody's decision adds room. */
const settled = async (api: Api, created: TenantView): Promise<TenantView> => {
  let tenant = created;
  const deadline = Date.now() + servingMaxMs;
  for (let attempt = 0; tenant.status === 'placed' && !tenant.placement?.servingAt; attempt += 1) {
    if (Date.now() > deadline) {
      throw new AppError('timeout', `${tenant.id} is placed on ${tenant.placement?.stamp ?? '?'}, which has not confirmed it yet`, {
        details: {
          check: `See "stampctl stamps show ${tenant.placement?.stamp ?? ''}"; the tenant will be served once the stamp answers.`,
        },
      });
    }
    await api.http.pause(backOffMs(attempt, pollFirstMs, pollMaxMs));
    tenant = (await api.tenant(tenant.id)).value;
  }
  return tenant;
};

/** Rules about what a stamp is in at the moment: it has room, and takes tenants again without anybody's building another. */
const passing: ReadonlySet<string> = new Set(['health', 'cordon']);

const sayPending = async (api: Api, tenant: TenantView, output: Output): Promise<void> => {
  output.warn(`${tenant.id} is created but waits${tenant.statusReason === null ? '' : `: ${tenant.statusReason}`}`);
  const why = `Why it waits: stampctl tenants explain ${tenant.id}`;
  const candidates = await api.explain(tenant.id).then(
    ({ now }) => now.candidates,
    () => [],
  );
  const unfit = candidates.flatMap(({ stamp, eligible, rules }) => {
    const against = rules.filter((verdict) => !verdict.pass);
    return !eligible && against.every(({ rule }) => passing.has(rule))
      ? [`${stamp}: ${against.map(({ reason }) => reason).join(', ')}`]
      : [];
  });
  if (unfit.length > 0) {
    output.hint(
      `It is placed by itself once one that has room takes tenants (${unfit.join('; ')}). What is unwell: stampctl doctor\n${why}`,
    );
    return;
  }
  const stamps = await api.stamps({ region: tenant.region }).catch(() => null);
  const own = (stamps?.items ?? []).filter((s) => regionOfStamp(s.name) === tenant.region);
  const next = `${tenant.region}-${Math.max(0, ...own.map((s) => Number(s.name.slice(tenant.region.length + 1)))) + 1}`;
  // A stamp like the present ones would not hold it however empty.
  const tooSmall = own.length > 0 && own.every((s) => s.capacity.units < tenant.weight);
  const add = `stampctl provision ${next}${tooSmall ? ` --capacity ${tenant.weight}` : ''}`;
  output.hint(`It is placed by itself once there is room. Add some: ${add}\n${why}`);
};
