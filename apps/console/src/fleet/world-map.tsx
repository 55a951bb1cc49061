import { geoNaturalEarth1, geoPath } from 'd3-geo';
import type { ReactNode } from 'react';
import { feature } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import land110m from 'world-atlas/land-110m.json';
import type { RegionView } from '@lapidary/contracts/api/regions';
import { toneOf } from '../shell/status.js';

const width = 800;
const height = 390;
const radiusMin = 6;
/** Area, not radius, stands for capacity: the eye compares areas. */
const radiusPerRootUnit = 0.35;
const radiusMax = 18;

const topology = land110m as unknown as Topology<{ land: GeometryCollection }>;
const land = feature(topology, topology.objects.land);
// Antarctica has no regions and takes a fifth of the picture.
const frame = {
  type: 'MultiPoint' as const,
  coordinates: [
    [-168, 72],
    [178, 72],
    [-168, -54],
    [178, -54],
  ],
};
const projection = geoNaturalEarth1().fitSize([width, height], frame);
const outline = geoPath(projection)(land) ?? '';

const describe = (regions: readonly RegionView[]): string =>
  `World map of ${regions.length} regions: ${regions.map((r) => `${r.displayName}, ${r.link.state === 'cut' ? 'cut off' : 'linked'}, ${r.used.units} of ${r.capacity.units} units taken`).join('; ')}. The table says the same.`;

/** Where the regions are. Drawn from a file of our own; the table beside it says all that it shows. */
export const WorldMap = ({ regions }: { regions: readonly RegionView[] }): ReactNode => (
  <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={describe(regions)} style={{ width: '100%', display: 'block' }}>
    <path d={outline} fill="var(--lapidary-land)" />
    {regions.map((region) => {
      const [x, y] = projection([region.location.longitude, region.location.latitude]) ?? [0, 0];
      const radius = Math.min(radiusMax, radiusMin + radiusPerRootUnit * Math.sqrt(region.capacity.units));
      return (
        <g key={region.name} className={toneOf(region.link.state)}>
          <circle cx={x} cy={y} r={radius} fill="currentColor" fillOpacity={0.35} />
          <circle cx={x} cy={y} r={radiusMin - 2} fill="currentColor" />
          <text x={x + radius + 5} y={y + 6} fontSize={18} fontWeight={650} fill="var(--mantine-color-text)">
            {region.name}
          </text>
        </g>
      );
    })}
  </svg>
);
