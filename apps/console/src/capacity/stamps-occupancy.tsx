import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { StampView } from '@lapidary/contracts/api/stamps';
import { shareOf, toneOfShare } from './share.js';

/** In the picture's own units: wide enough for a name and a figure beside the bar at 390 pixels. */
const barHeight = 14;
const rowHeight = 34;
const width = 300;

/**
 * One bar a stamp: units taken, then reserved. The line is where the policy wants another stamp: it is of the region's pooled stamps
 * together, so one bar beyond it means little and most beyond it mean a new stamp.
 */
export const StampsOccupancy = ({
  stamps,
  headroomPercent,
}: {
  stamps: readonly StampView[];
  headroomPercent: number | null;
}): ReactNode => {
  const line = headroomPercent === null ? null : (width * (100 - headroomPercent)) / 100;
  return (
    <div>
      <ul className="occupancy" aria-label="Stamps">
        {stamps.map(({ name, used, reserved, capacity, isolation, status }) => {
          const share = shareOf(used.units + reserved.units, capacity.units);
          const text = `${used.units.toLocaleString('en')} of ${capacity.units.toLocaleString('en')} units taken${reserved.units > 0 ? `, ${reserved.units.toLocaleString('en')} reserved` : ''}`;
          return (
            <li key={name} data-testid={`occupancy-${name}`}>
              <Text size="sm" component="span">
                {name}
                {status === 'active' ? '' : ` (${status})`}
                {isolation === 'dedicated' ? ', dedicated' : ''}
              </Text>
              <Text size="xs" c="dimmed" component="span" className="numeric">
                {text}, {Math.round(share * 100)} %
              </Text>
              <svg viewBox={`0 0 ${width} ${barHeight}`} height={barHeight} width="100%" preserveAspectRatio="none" aria-hidden="true">
                <rect className="track" width={width} height={barHeight} />
                <rect
                  className={toneOfShare(share)}
                  width={width * shareOf(used.units, capacity.units)}
                  height={barHeight}
                  fill="currentColor"
                />
                <rect
                  className="reserved"
                  x={width * shareOf(used.units, capacity.units)}
                  width={width * shareOf(reserved.units, capacity.units)}
                  height={barHeight}
                />
                {line !== null && <line x1={line} x2={line} y1={0} y2={rowHeight} className="threshold" />}
              </svg>
            </li>
          );
        })}
      </ul>
      {headroomPercent !== null && (
        <Text size="xs" c="dimmed" mt="xs">
          Line: {100 - headroomPercent} % taken; beyond it for the region as a whole, another stamp is due.
        </Text>
      )}
    </div>
  );
};
