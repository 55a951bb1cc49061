import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('inventory_item')
export class InventoryItem {
  @PrimaryColumn('text')
  tenant!: string;

  @PrimaryColumn('text')
  sku!: string;

  @Column('text')
  name!: string;

  @Column('integer', { name: 'price_cents' })
  priceCents!: number;

  @Column('integer')
  stock!: number;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
