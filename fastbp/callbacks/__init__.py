"""What can be done between epochs and batches, by the names that Keras gives it.

Examples
--------
>>> from fastbp.callbacks import EarlyStopping
>>> EarlyStopping(patience=5, restore_best_weights=True).monitor
'val_loss'
"""

from fastbp.callbacks.backup_and_restore import BackupAndRestore
from fastbp.callbacks.csv_logger import CSVLogger
from fastbp.callbacks.early_stopping import EarlyStopping
from fastbp.callbacks.lambda_callback import LambdaCallback
from fastbp.callbacks.learning_rate_scheduler import LearningRateScheduler
from fastbp.callbacks.model_checkpoint import ModelCheckpoint
from fastbp.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from fastbp.callbacks.tensor_board import TensorBoard
from fastbp.callbacks.terminate_on_nan import TerminateOnNaN
from fastbp.training import Callback, History

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
