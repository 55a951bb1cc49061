import { checkTransitions } from '@lapidary/kernel/transition-table';
import { Module } from '@nestjs/common';
import { stampTransitions } from './stamp-states.js';
import { StampsController } from './stamps.controller.js';

@Module({ controllers: [StampsController] })
export class StampsModule {
  constructor() {
    checkTransitions(stampTransitions);
  }
}
