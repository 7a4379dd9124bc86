"""Schemas of the Hydra files under `configs/`: every setting's type and meaning.

The values live in the YAML files alone; a schema without a value keeps the two from disagreeing.
"""

from humouse.settings.autoencoder import (
    AutoencoderModelSettings,
    AutoencoderSettings,
)
from humouse.settings.data import (
    SOURCE_SETTINGS,
    AugmentSettings,
    ColumnSettings,
    CombineSettings,
    DataSettings,
    DownloadSettings,
    GestureSettings,
    InspectSettings,
    PrepareSettings,
    RecordingSettings,
    SourceSettings,
    SplitSettings,
    SyntheticSourceSettings,
)
from humouse.settings.decoder import (
    DecodedSettings,
    DecoderModelSettings,
    DecoderRecord,
    DecoderStageSettings,
    DecoderTrainingSettings,
    TrainDecoderSettings,
    TrainModelSettings,
)
from humouse.settings.demo import DemoSettings
from humouse.settings.detection import (
    BenchmarkSettings,
    DetectCalibrateSettings,
    DetectScoreSettings,
    DetectTrainSettings,
    NegativesSettings,
)
from humouse.settings.distillation import Distillation, DistilledSettings, DistillSettings
from humouse.settings.doctor import DoctorSettings
from humouse.settings.evaluation import (
    CompareSettings,
    EvalSettings,
    FeaturesSettings,
    PublishSettings,
    ReportSettings,
    SampleSettings,
    SigmaEvalSettings,
)
from humouse.settings.gan import GanModelSettings, GanOptimSettings, GanTrainSettings
from humouse.settings.record import RecordSettings
from humouse.settings.serving import LimitSettings, ServeSettings
from humouse.settings.training import (
    AdamWSettings,
    DiffusionSettings,
    EarlyStoppingSettings,
    LoggingSettings,
    ModelSettings,
    OptimSettings,
    TrainSettings,
)
from humouse.settings.tuning import CriticSettings, TunedSettings, TuneSettings, TuningRecord

__all__ = [
    "SOURCE_SETTINGS",
    "AdamWSettings",
    "AugmentSettings",
    "AutoencoderModelSettings",
    "AutoencoderSettings",
    "BenchmarkSettings",
    "ColumnSettings",
    "CombineSettings",
    "CompareSettings",
    "CriticSettings",
    "DataSettings",
    "DecodedSettings",
    "DecoderModelSettings",
    "DecoderRecord",
    "DecoderStageSettings",
    "DecoderTrainingSettings",
    "DemoSettings",
    "DetectCalibrateSettings",
    "DetectScoreSettings",
    "DetectTrainSettings",
    "DiffusionSettings",
    "DistillSettings",
    "Distillation",
    "DistilledSettings",
    "DoctorSettings",
    "DownloadSettings",
    "EarlyStoppingSettings",
    "EvalSettings",
    "FeaturesSettings",
    "GanModelSettings",
    "GanOptimSettings",
    "GanTrainSettings",
    "GestureSettings",
    "InspectSettings",
    "LimitSettings",
    "LoggingSettings",
    "ModelSettings",
    "NegativesSettings",
    "OptimSettings",
    "PrepareSettings",
    "PublishSettings",
    "RecordSettings",
    "RecordingSettings",
    "ReportSettings",
    "SampleSettings",
    "ServeSettings",
    "SigmaEvalSettings",
    "SourceSettings",
    "SplitSettings",
    "SyntheticSourceSettings",
    "TrainDecoderSettings",
    "TrainModelSettings",
    "TrainSettings",
    "TuneSettings",
    "TunedSettings",
    "TuningRecord",
]
