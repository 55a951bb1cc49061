import { Module } from '@nestjs/common';
import { DatabaseWatch } from '../process/database-watch.js';
import { SystemController } from './system.controller.js';

@Module({ controllers: [SystemController], providers: [DatabaseWatch] })
export class SystemModule {}
