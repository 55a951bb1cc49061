import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('shop_order')
export class ShopOrder {
  @PrimaryColumn('text')
  tenant!: string;

  /** A ULID: sorts by time of placing. */
  @PrimaryColumn('text')
  id!: string;

  @Column('text', { nullable: true })
  profile!: string | null;

  /** Postgres gives bigint as text; sums stay far below what a number holds exactly (see order-schemas). */
  @Column('bigint', { name: 'total_cents', transformer: { to: (value: number) => value, from: Number } })
  totalCents!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
