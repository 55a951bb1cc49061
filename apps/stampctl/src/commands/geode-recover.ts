import { OpenRecoverySchema, ReseedSchema, TrustTokensSchema, type RecoveryAct } from '@lapidary/contracts/api/recovery';
import { ReplicationApi } from '../client/replication-api.js';
import type { Command, Invocation } from '../invocation.js';
import { confirmByName } from '../output/confirm.js';
import { renderFacts } from '../output/table.js';
import { required } from './fields.js';

const whyReason = 'Say why: the reason stays in the audit log.';

export const geodeOpen: Command = async (invocation) => {
  const { options } = invocation;
  const without = required(
    options.without,
    '--without',
    'Name the regions that are not waited for: "stampctl geode status" says which there are.',
  );
  const reason = required(options.reason, '--reason', whyReason);
  const body = invocation.parse(OpenRecoverySchema, { without, reason });
  const api = invocation.connect();
  const { region } = await api.geode(undefined);
  await confirm(invocation, `Opening ${region} without ${body.without.join(', ')}`, `loses what they alone hold of ${region}`, region);
  await show(invocation, await new ReplicationApi(api).openRecovery(body));
};

export const geodeReseed: Command = async (invocation) => {
  const { reason } = invocation.parse(ReseedSchema, { reason: required(invocation.options.reason, '--reason', whyReason) });
  const api = invocation.connect();
  const { region } = await api.geode(undefined);
  await confirm(invocation, `Emptying ${region} of documents`, 'loses those that no other region holds', region);
  await show(invocation, await new ReplicationApi(api).reseed(reason));
};

export const geodeTrust: Command = async (invocation) => {
  const { output, options } = invocation;
  const tokens = required(options.name, '--name', 'Name the tokens that are still good: "stampctl geode status" says which are held.');
  const body = invocation.parse(TrustTokensSchema, { tokens, reason: required(options.reason, '--reason', whyReason) });
  const trusted = await new ReplicationApi(invocation.connect()).trustTokens(body);
  await output.result({
    data: trusted,
    name: trusted.region,
    table: (view) =>
      renderFacts([
        ['geode', view.colours.bold(trusted.region)],
        ['trusted', trusted.trusted.join(', ')],
        ['still held', trusted.held.length > 0 ? view.colours.yellow(trusted.held.join(', ')) : 'none'],
      ]),
  });
};

const confirm = async ({ output, options, signal }: Invocation, act: string, means: string, name: string): Promise<void> =>
  confirmByName(output, act, means, name, options.yes === true, signal);

const show = async ({ output }: Invocation, act: RecoveryAct): Promise<void> =>
  output.result({
    data: act,
    name: act.region,
    table: (view) =>
      renderFacts([
        ['geode', view.colours.bold(act.region)],
        ['state', act.state],
        ...act.lost.map((what) => ['lost', view.colours.yellow(what)] as [string, string]),
      ]),
  });
