import { Alert, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { geodeQuery } from '../api/geode-queries.js';

/** On every page while the region that answers writes nothing, or not everything: what is seen here may be old, and commands are refused. */
export const FencedNotice = ({ region }: { region: string | undefined }): ReactNode => {
  const geode = useQuery(geodeQuery(region)).data;
  if (geode?.givenUp)
    return (
      <Alert role="status" variant="outline" color="red" my="sm">
        <Text size="sm" className="bad">
          {geode.region} was given up as lost for good by {geode.givenUp.by} in {geode.givenUp.declaredIn}, and {geode.givenUp.successor}{' '}
          has its tenants. It writes nothing, and nobody believes it: stop it. A region in its place takes another name.
        </Text>
      </Alert>
    );
  if (!geode?.recovery) return null;
  const { fenced } = geode.recovery;
  return (
    <Alert role="status" variant="outline" color={fenced ? 'red' : 'yellow'} my="sm">
      <Text size="sm" className={fenced ? 'bad' : 'passing'}>
        {geode.region} was restored from a backup and {fenced ? 'writes nothing yet' : 'uses no rights of counters yet'}.{' '}
        <Link to="/geodes" search={{ region: geode.region }} className="linklike">
          What it waits for
        </Link>
      </Text>
    </Alert>
  );
};
