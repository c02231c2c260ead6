"""CRM databases that this project brings along."""
