import { Button, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import type { GivenUpStanding, VoidGivenUp } from '@lapidary/contracts/api/given-up-regions';
import type { RegionView } from '@lapidary/contracts/api/regions';
import { regionsQuery } from '../api/queries.js';
import { Fact } from '../shell/fact.js';
import { Panel } from '../shell/panel.js';
import { Status } from '../shell/status.js';
import { TimeAgo } from '../shell/time-ago.js';
import { GiveUpModal } from './give-up-modal.js';

/**
 * Regions that are not heard, as the region that answers sees them: what became of those that were given up as lost for good, and the way to give up one that
 * is. Nothing where all are heard.
 */
export const LostRegionsPanel = (): ReactNode => {
  const regions = useQuery(regionsQuery).data ?? [];
  const [asked, setAsked] = useState<string | null>(null);
  const silent = regions.filter(({ link, givenUp }) => givenUp !== undefined || link.state === 'cut');
  if (silent.length === 0) return null;
  const successors = regions.filter(({ name, givenUp }) => name !== asked && !givenUp).map(({ name }) => name);
  return (
    <Panel title="Regions that are not heard" command="stampctl regions ls">
      <Stack gap="lg">
        {silent.map((region) => (
          <Silent key={region.name} region={region} giveUp={() => setAsked(region.name)} />
        ))}
      </Stack>
      {asked !== null && <GiveUpModal region={asked} successors={successors} close={() => setAsked(null)} />}
    </Panel>
  );
};

const Silent = ({ region, giveUp }: { region: RegionView; giveUp: () => void }): ReactNode => {
  const { name, link, givenUp, notGivenUp } = region;
  return (
    <section aria-label={`Region ${name}`}>
      <Text fw={600}>{name}</Text>
      {givenUp ? (
        <GivenUp standing={givenUp} />
      ) : (
        <Stack gap="xs" align="flex-start">
          <Text size="sm">
            Not heard since <TimeAgo at={link.cutSince} />. It may be cut off: it works on, and all is well once it is heard. Only where its
            database is lost for good it is given up.
          </Text>
          {notGivenUp && <NotGivenUp decision={notGivenUp} />}
          <Button size="xs" variant="default" onClick={giveUp}>
            Give up {name}…
          </Button>
        </Stack>
      )}
    </section>
  );
};

const NotGivenUp = ({ decision: { by, at, objectors } }: { decision: VoidGivenUp }): ReactNode => (
  <Text size="sm">
    {by} gave it up <TimeAgo at={at} />, which is void: {objectors.join(', ')} heard it after that. It can be given up once it has been
    silent for ten minutes.
  </Text>
);

const stateWords: Readonly<Record<GivenUpStanding['state'], string>> = {
  declared: 'the others are asked whether they hear it',
  agreed: 'all agree; they tell each other what they heard',
  inherited: 'its tenants are its successor’s',
};

const GivenUp = ({ standing }: { standing: GivenUpStanding }): ReactNode => {
  const { state, successor, by, at, reason, waitingFor, heard = [], unsettled = [], returnedAt } = standing;
  const most = Math.max(0, ...heard.map(({ sequence }) => sequence));
  return (
    <Stack gap="xs">
      {returnedAt !== null && (
        <Status value="failed">
          heard again <TimeAgo at={returnedAt} />, and not believed: stop it
        </Status>
      )}
      <dl className="facts">
        <Fact name="Given up">
          <Status value={state === 'inherited' ? 'retired' : 'pending'}>{stateWords[state]}</Status>
        </Fact>
        {waitingFor.length > 0 && <Fact name="Waits for">{waitingFor.join(', ')}</Fact>}
        <Fact name="Successor">{successor}</Fact>
        <Fact name="By">
          {by}, <TimeAgo at={at} />: {reason}
        </Fact>
        <Fact name="Kept">
          {heard.length === 0
            ? 'not known yet'
            : heard.map((h) => `${h.region}: up to event ${h.sequence.toLocaleString('en')} of epoch ${h.epoch}`).join('; ')}
        </Fact>
        <Fact name="Missing">
          what it told nobody{heard.length > 0 && `, beyond event ${most.toLocaleString('en')}`}; data in its stamps
          {unsettled.length > 0 && `; its rights of bounded counters, since changes of it were parked in ${unsettled.join(', ')}`}
        </Fact>
      </dl>
    </Stack>
  );
};
