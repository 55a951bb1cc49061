import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('profile')
export class Profile {
  @PrimaryColumn('text')
  tenant!: string;

  @PrimaryColumn('text')
  id!: string;

  @Column('text', { name: 'display_name' })
  displayName!: string;

  @Column('text', { nullable: true })
  email!: string | null;

  @Column('jsonb')
  attributes!: Record<string, string>;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
