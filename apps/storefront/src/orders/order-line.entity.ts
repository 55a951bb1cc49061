import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('order_line')
export class OrderLine {
  @PrimaryColumn('text')
  tenant!: string;

  @PrimaryColumn('text', { name: 'shop_order' })
  shopOrder!: string;

  @PrimaryColumn('text')
  sku!: string;

  @Column('integer')
  quantity!: number;

  /** Price at the time of the order. */
  @Column('integer', { name: 'price_cents' })
  priceCents!: number;
}
