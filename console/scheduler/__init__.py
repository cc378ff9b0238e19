"""The scheduler: `plan(snapshot, policy) -> Plan`. Pure; the time is part of the snapshot."""

from console.scheduler.model import NodeOffer, PendingJob, Plan, Policy, Prediction, Snapshot, Start
from console.scheduler.planner import plan

__all__ = ["NodeOffer", "PendingJob", "Plan", "Policy", "Prediction", "Snapshot", "Start", "plan"]
