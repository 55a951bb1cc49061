import { Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { GeodeView } from '@lapidary/contracts/api/replication';
import { geodeQuery } from '../api/geode-queries.js';
import { sessionQuery } from '../api/queries.js';
import { useLive } from '../live/use-live.js';
import { Fact } from '../shell/fact.js';
import { PageShell } from '../shell/page-shell.js';
import { Empty, Loaded, Panel } from '../shell/panel.js';
import { RegionChoice } from '../shell/region-choice.js';
import { regionOption } from '../shell/region-option.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { LostRegionsPanel } from './lost-regions-panel.js';
import { PeersTable } from './peers-table.js';
import { RecoveryPanel } from './recovery-panel.js';

/** How one region stands with the others: what is on its way, whether all hold the same, and what it does while its database was set back. */
export const GeodesPage = (): ReactNode => {
  const live = useLive();
  const here = useQuery(sessionQuery).data?.region;
  const chosen = useSearch({ from: '/geodes' }).region;
  const navigate = useNavigate({ from: '/geodes' });
  const region = chosen ?? here;
  const query = useQuery(geodeQuery(region));
  const recovery = query.data?.recovery;
  const command = `stampctl geode status${regionOption(region)}`;
  return (
    <PageShell live={live}>
      <Stack>
        <RegionChoice region={chosen} choose={(name) => void navigate({ search: { region: name }, resetScroll: false })} />
        {query.data && recovery && <RecoveryPanel region={query.data.region} recovery={recovery} isHere={query.data.region === here} />}
        <Panel title={`Region ${region ?? ''}`} command={command}>
          <Loaded query={query}>{(geode) => <Facts geode={geode} />}</Loaded>
        </Panel>
        <LostRegionsPanel />
        <Panel title="Other regions" command={`${command} -o wide`}>
          <Loaded query={query}>
            {({ peers }) =>
              peers.length === 0 ? (
                <Empty command="cat stamps/regions.yaml">It is the only region: there is nobody to keep in step with.</Empty>
              ) : (
                <PeersTable peers={peers} />
              )
            }
          </Loaded>
        </Panel>
      </Stack>
    </PageShell>
  );
};

const Facts = ({ geode }: { geode: GeodeView }): ReactNode => {
  const { outbox, inbox, intents, autonomousSince, digest } = geode;
  return (
    <dl className="facts">
      <Fact name="Hears others">
        {autonomousSince === null ? (
          <Status value={geode.peers.length === 0 ? 'unknown' : 'connected'}>{geode.peers.length === 0 ? 'there are none' : 'yes'}</Status>
        ) : (
          <Status value="cut">
            none since <TimeAgo at={autonomousSince} />: it works on its own
          </Status>
        )}
      </Fact>
      <Fact name="Events">
        {geode.sequence.toLocaleString('en')} told in epoch {geode.epoch}
        {outbox.waiting > 0 &&
          `, ${outbox.waiting.toLocaleString('en')} not yet published, the oldest for ${seconds(outbox.oldestSeconds)}`}
      </Fact>
      {(geode.publishing ?? []).map(({ what, since, because }) => (
        <Fact key={what} name={what === 'events' ? 'Events' : 'Routes'}>
          <Status value="failed">
            not published since <TimeAgo at={since} />: {because}
          </Status>
        </Fact>
      ))}
      {(geode.keysRefused ?? []).map(({ file, since, because }) => (
        <Fact key={file} name={file === 'signing' ? 'Own keys' : 'Keys of others'}>
          <Status value="failed">
            new ones are not taken since <TimeAgo at={since} />, those before hold: {because}
          </Status>
        </Fact>
      ))}
      {inbox && (
        <Fact name="To take in">
          {inbox.behind.toLocaleString('en')} events, {inbox.held.toLocaleString('en')} held until their time
        </Fact>
      )}
      {intents && (
        <Fact name="Intents">
          {intents.open === 0 ? 'none' : `${intents.open} wait for other regions, the oldest for ${seconds(intents.oldestSeconds)}`}
        </Fact>
      )}
      <Fact name="Documents">
        {digest.documents.toLocaleString('en')}, digest {digest.root}
      </Fact>
      <Fact name="Could not be applied">
        {geode.deadLetters === 0 ? (
          'nothing'
        ) : (
          <Link to="/dead-letters" search={{ region: geode.region }} className="linklike">
            {geode.deadLetters.toLocaleString('en')} dead letters
          </Link>
        )}
      </Fact>
      <Fact name="Lost in merges">
        {geode.conflicts === 0 ? (
          'nothing'
        ) : (
          <Link to="/conflicts" search={{ region: geode.region }} className="linklike">
            {geode.conflicts.toLocaleString('en')} values
          </Link>
        )}
      </Fact>
    </dl>
  );
};

const seconds = (s: number): string => `${Math.round(s).toLocaleString('en')} s`;
