"""The gallery: cards of all schedules, and one schedule's entry."""
